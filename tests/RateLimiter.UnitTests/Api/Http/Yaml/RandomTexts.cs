namespace RateLimiter.UnitTests.Api.Http.Yaml;

/// <summary>The same short texts in each run.</summary>
internal static class RandomTexts
{
    public static void ForEach(Action<string> test, string alphabet)
    {
        var random = new Random(20_260_203);
        var runes = alphabet.EnumerateRunes().ToArray();
        for (var i = 0; i < 5000; i++)
        {
            test(string.Concat(random.GetItems(runes, random.Next(12))));
        }
    }
}
