using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>
/// The subjects that a check names beside the user, such as an organisation: at most <see cref="SubjectNames.MaxNamed"/> pairs
/// of a name and a value, in the order of the names.
/// </summary>
[SuppressMessage(
    "Naming",
    "CA1710:Identifiers should have correct suffix",
    Justification = "The field's word is subjects; that it can be read as a dictionary is for serializers."
)]
public sealed class SubjectValues : IReadOnlyDictionary<string, string>, IEquatable<SubjectValues>
{
    /// <summary>The longest value, in code points.</summary>
    public const int MaxValueLength = 256;

    private readonly KeyValuePair<string, string>[] pairs;

    private SubjectValues(KeyValuePair<string, string>[] pairs) => this.pairs = pairs;

    public int Count => pairs.Length;

    public IEnumerable<string> Keys => pairs.Select(pair => pair.Key);

    public IEnumerable<string> Values => pairs.Select(pair => pair.Value);

    public string this[string key] => Find(key) ?? throw new KeyNotFoundException(key);

    /// <summary>Null when there are none, which is what most checks name.</summary>
    /// <param name="pairs">Pairs with different names; null for none.</param>
    public static SubjectValues? Of(IEnumerable<KeyValuePair<string, string>>? pairs)
    {
        if (pairs is null or SubjectValues)
        {
            return pairs as SubjectValues;
        }

        KeyValuePair<string, string>[] sorted =
        [
            .. pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal),
        ];
        return sorted.Length == 0 ? null : new SubjectValues(sorted);
    }

    /// <summary>The value of a subject; null when it is not named.</summary>
    public string? Find(string name)
    {
        foreach (var (key, value) in pairs)
        {
            if (key == name)
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>Whether all subjects of another are here, with the same values.</summary>
    public bool Includes(SubjectValues others)
    {
        foreach (var (name, value) in others.pairs)
        {
            if (Find(name) != value)
            {
                return false;
            }
        }

        return true;
    }

    public bool ContainsKey(string key) => Find(key) is not null;

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value) =>
        (value = Find(key)) is not null;

    /// <summary>
    /// The values of some of the subjects as one text, which no other values have. Null when none of them is named here.
    /// </summary>
    /// <param name="names">The subjects, each of which is named here or is the user.</param>
    public string? Text(SubjectNames names)
    {
        StringBuilder? text = null;
        foreach (var (name, value) in pairs)
        {
            if (names.Contains(name))
            {
                text ??= new StringBuilder();
                text.Append(CultureInfo.InvariantCulture, $"{name}:{value.Length}:{value}");
            }
        }

        return text?.ToString();
    }

    public bool Equals(SubjectValues? other) =>
        ReferenceEquals(this, other)
        || other is not null && pairs.AsSpan().SequenceEqual(other.pairs);

    public override bool Equals(object? obj) => Equals(obj as SubjectValues);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var pair in pairs)
        {
            hash.Add(pair);
        }

        return hash.ToHashCode();
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        pairs.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
