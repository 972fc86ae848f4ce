namespace RateLimiter.TestServices;

public static class Texts
{
    /// <summary>A text, repeated.</summary>
    public static string Times(this string text, int count) =>
        string.Concat(Enumerable.Repeat(text, count));
}
