using System.Collections;
using System.Runtime.CompilerServices;

namespace RateLimiter.Domain.Policies;

/// <summary>
/// The subjects whose counter a limit has: a set of names, in the order of their bytes. The user is one of them, under the name
/// <see cref="User"/>; the caller chooses the others.
/// </summary>
[CollectionBuilder(typeof(SubjectNames), nameof(Create))]
public sealed class SubjectNames : IReadOnlyList<string>, IEquatable<SubjectNames>
{
    /// <summary>The name of the user among the subjects.</summary>
    public const string User = Names.UserSubject;

    /// <summary>The most subjects that a check names beside the user.</summary>
    public const int MaxNamed = 8;

    /// <summary>The longest name of a subject.</summary>
    public const int MaxNameLength = 64;

    private readonly string[] names;

    private SubjectNames(string[] names) => this.names = names;

    /// <summary>The user alone: one counter for each user.</summary>
    public static SubjectNames UserOnly { get; } = new([User]);

    /// <summary>No subject: one counter for all.</summary>
    public static SubjectNames None { get; } = new([]);

    public int Count => names.Length;

    /// <summary>Whether the user is one of them.</summary>
    public bool HasUser => Contains(User);

    public string this[int index] => names[index];

    /// <summary>A set of these names.</summary>
    public static SubjectNames Create(ReadOnlySpan<string> names) =>
        names is [User] ? UserOnly
        : names.IsEmpty ? None
        : new([.. names.ToArray().Distinct().Order(StringComparer.Ordinal)]);

    /// <summary>Describes what is wrong with the name of a subject other than the user; null when nothing is.</summary>
    public static string? Problem(ReadOnlySpan<char> name) =>
        name is User ? $"must not be {User}"
        : name.Length is < 1 or > MaxNameLength
        || !char.IsAsciiLetterLower(name[0])
        || name.ContainsAnyExcept(NameCharacters)
            ? $"must have a name of 1 to {MaxNameLength} characters: first a to z, then a to z, 0 to 9 and _"
        : null;

    public bool Contains(string name) => Array.IndexOf(names, name) >= 0;

    /// <summary>The names that both sets have.</summary>
    public SubjectNames Intersect(SubjectNames other) => [.. names.Where(other.Contains)];

    public bool Equals(SubjectNames? other) =>
        ReferenceEquals(this, other)
        || other is not null && names.AsSpan().SequenceEqual(other.names);

    public override bool Equals(object? obj) => Equals(obj as SubjectNames);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var name in names)
        {
            hash.Add(name);
        }

        return hash.ToHashCode();
    }

    public IEnumerator<string> GetEnumerator() => names.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The names in brackets, as a caller writes them.</summary>
    public override string ToString() => $"[{string.Join(", ", names)}]";

    private static readonly System.Buffers.SearchValues<char> NameCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");
}
