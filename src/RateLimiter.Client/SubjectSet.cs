using System.Text;

namespace RateLimiting.Client;

/// <summary>The subjects of a check beside the user, compared by their names and values, so that they can be a part of a key.</summary>
internal sealed class SubjectSet : IEquatable<SubjectSet>
{
    // No other subjects have the same text.
    private readonly string text;

    private SubjectSet(IReadOnlyDictionary<string, string> values)
    {
        Values = values;
        var text = new StringBuilder();
        foreach (var (name, value) in values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            text.Append(name.Length).Append(':').Append(name);
            text.Append(value.Length).Append(':').Append(value);
        }

        this.text = text.ToString();
    }

    public IReadOnlyDictionary<string, string> Values { get; }

    /// <returns>Null when there are none.</returns>
    public static SubjectSet? Of(IReadOnlyDictionary<string, string>? values) =>
        values is null or { Count: 0 } ? null : new(values);

    public bool Equals(SubjectSet? other) => text == other?.text;

    public override bool Equals(object? obj) => Equals(obj as SubjectSet);

    public override int GetHashCode() => text.GetHashCode(StringComparison.Ordinal);
}
