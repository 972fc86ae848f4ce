namespace RateLimiter.EndToEndTests;

internal static class Texts
{
    /// <summary>A text so many times over.</summary>
    public static string Times(this string text, int count) =>
        string.Concat(Enumerable.Repeat(text, count));
}
