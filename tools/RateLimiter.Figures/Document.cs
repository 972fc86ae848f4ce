namespace RateLimiter.Figures;

/// <summary>A page with parts that a program writes, each between two comments that name it.</summary>
internal sealed record Document(string Text)
{
    /// <summary>The page with another text in the part of that name.</summary>
    /// <exception cref="InvalidDataException">The page has no such part.</exception>
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
