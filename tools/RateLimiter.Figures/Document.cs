namespace RateLimiter.Figures;

/// <summary>A page with generated sections, each between two comments that name it.</summary>
internal sealed record Document(string Text)
{
    /// <summary>The page with another text in the named section.</summary>
    /// <exception cref="InvalidDataException">The page has no such section.</exception>
    public Document With(string name, string text)
    {
        var (first, last) = ($"<!-- {name}: written by a program -->\n", $"<!-- /{name} -->\n");
        var start = Text.IndexOf(first, StringComparison.Ordinal);
        var end = Text.IndexOf(last, StringComparison.Ordinal);
        return start >= 0 && end > start
            ? new Document($"{Text[..(start + first.Length)]}\n{text}\n{Text[end..]}")
            : throw new InvalidDataException($"The page has no part named {name}.");
    }
}
