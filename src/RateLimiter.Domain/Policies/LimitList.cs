using System.Collections;
using System.Runtime.CompilerServices;

namespace RateLimiter.Domain.Policies;

/// <summary>
/// The limits of a policy, in the order in which its owner gave them, with what a check asks of all of them together.
/// </summary>
[CollectionBuilder(typeof(LimitList), nameof(Create))]
public sealed class LimitList : IReadOnlyList<Limit>, IEquatable<LimitList>
{
    private readonly Limit[] limits;

    // Some of the limits, by which they are: the same object each time, so that others can attach what they make of it.
    private LimitList?[]? selections;

    private LimitList(Limit[] limits)
    {
        this.limits = limits;
        Common = limits.Length == 0 ? SubjectNames.None : limits[0].Per;
        foreach (var limit in limits)
        {
            HaveSameSubjects = HaveSameSubjects && limit.Per.Equals(limits[0].Per);
            Common = HaveSameSubjects ? Common : Common.Intersect(limit.Per);
        }

        HasConcurrency = Array.Exists(limits, limit => limit is ConcurrencyLimit);
        HasCalendar = Array.Exists(limits, limit => limit is CalendarLimit);
        Named = [.. limits.SelectMany(limit => limit.Per).Where(name => name != SubjectNames.User)];
    }

    public int Count => limits.Length;

    /// <summary>
    /// The subjects that all limits have in common. They determine the slot of the counters in a cluster.
    /// </summary>
    public SubjectNames Common { get; }

    /// <summary>The subjects of any limit, but for the user.</summary>
    public SubjectNames Named { get; }

    /// <summary>Whether all limits have the same subjects, so that one owner has all counters of a check.</summary>
    public bool HaveSameSubjects { get; } = true;

    /// <summary>Whether each limit has a counter for each user, which is the default.</summary>
    public bool AreOfUsers => ReferenceEquals(Common, SubjectNames.UserOnly) && HaveSameSubjects;

    /// <summary>The bits of all limits: see <see cref="Select"/>.</summary>
    public int All => (1 << limits.Length) - 1;

    /// <summary>Whether any limit is one of a calendar.</summary>
    public bool HasCalendar { get; }

    /// <summary>Whether any limit counts the slots of reservations, so that nothing but a reservation can be asked for.</summary>
    public bool HasConcurrency { get; }

    public Limit this[int index] => limits[index];

    public static LimitList Create(ReadOnlySpan<Limit> limits) => new(limits.ToArray());

    /// <summary>Those limits whose bit is set, in the same order. The same set has the same object.</summary>
    public LimitList Select(int bits)
    {
        if (bits == All)
        {
            return this;
        }

        // Two threads may make the same list at once; either serves.
        selections ??= new LimitList?[1 << limits.Length];
        return selections[bits] ??= new LimitList([
            .. limits.Where((_, i) => (bits & (1 << i)) != 0),
        ]);
    }

    public bool Equals(LimitList? other) =>
        ReferenceEquals(this, other)
        || other is not null && limits.AsSpan().SequenceEqual(other.limits);

    public override bool Equals(object? obj) => Equals(obj as LimitList);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var limit in limits)
        {
            hash.Add(limit);
        }

        return hash.ToHashCode();
    }

    public IEnumerator<Limit> GetEnumerator() => limits.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
