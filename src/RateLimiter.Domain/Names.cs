using System.Buffers;
using System.Text;

namespace RateLimiter.Domain;

/// <summary>
/// The rules for every name that a caller chooses. A name is compared byte for byte: nothing is trimmed, folded or
/// normalised, and any character but a control character is legal. Length is counted in Unicode code points.
/// </summary>
public static class Names
{
    /// <summary>The name of the user among the subjects of a check.</summary>
    public const string UserSubject = "user_id";

    public const int MaxRouteLength = 128;
    public const int MaxRoleLength = 128;
    public const int MaxUserLength = 256;
    public const int MaxClientNameLength = 100;
    public const int MaxKeyNameLength = 100;
    public const int MaxDescriptionLength = 500;

    private static readonly SearchValues<char> ControlCharacters = SearchValues.Create([
        .. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(char.IsControl),
    ]);

    private static readonly SearchValues<char> ControlCharactersButLines = SearchValues.Create([
        .. Enumerable
            .Range(0, 0xA0)
            .Select(code => (char)code)
            .Where(char.IsControl)
            .Except("\n\r\t"),
    ]);

    /// <summary>Describes what is wrong with a name; null when the name is valid.</summary>
    /// <param name="name">The name; null counts as missing.</param>
    /// <param name="maxLength">The maximum length, in code points. The minimum is 1.</param>
    public static string? Problem(string? name, int maxLength)
    {
        if (name is null)
        {
            return "is required";
        }

        if (name.Length == 0 || name.Length > maxLength && CodePoints(name) > maxLength)
        {
            return $"must have 1 to {maxLength} characters";
        }

        return CharacterProblem(name, ControlCharacters);
    }

    /// <summary>
    /// Describes what is wrong with a free text; null when the text is valid. It may be empty and may have several lines.
    /// </summary>
    public static string? TextProblem(string text, int maxLength) =>
        text.Length > maxLength && CodePoints(text) > maxLength
            ? $"must have at most {maxLength} characters"
            : CharacterProblem(text, ControlCharactersButLines);

    private static string? CharacterProblem(string text, SearchValues<char> forbidden)
    {
        if (text.AsSpan().ContainsAny(forbidden))
        {
            return "must not contain control characters";
        }

        return text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') && !IsWellFormed(text)
            ? "must be valid Unicode"
            : null;
    }

    /// <summary>The length of a text in Unicode code points.</summary>
    public static int CodePoints(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            count++;
        }

        return count;
    }

    /// <summary>Compares texts in the order of their UTF-8 bytes, which is the order of their code points.</summary>
    public static int Compare(string left, string right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        // UTF-16 puts surrogate pairs (U+10000 and up) before U+E000 to U+FFFF; code points put them after.
        var (a, b) = (left[common], right[common]);
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b)
            : char.IsSurrogate(a) ? 1
            : -1;
    }

    private static bool IsWellFormed(string text)
    {
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var consumed) != OperationStatus.Done)
            {
                return false;
            }

            rest = rest[consumed..];
        }

        return true;
    }
}
