using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Dashboard.Sessions;

/// <summary>The outcome of a request: its answer or its failure.</summary>
/// <param name="Value">The default value after a failure.</param>
/// <param name="Failure">Null on success.</param>
public sealed record Reply<T>(T? Value, Failure? Failure)
{
    public static implicit operator Reply<T>(Failure error) => new(default, error);

    public static implicit operator Reply<T>(T answer) => new(answer, null);
}

/// <summary>Why a request failed, in words for the viewer.</summary>
/// <param name="Title">A short title.</param>
/// <param name="Detail">What the viewer can do about it.</param>
/// <param name="IsPassing">Whether a retry may succeed.</param>
public sealed record Failure(string Title, string Detail, bool IsPassing)
{
    public static readonly Failure StoreUnavailable = new(
        "The store does not answer",
        "This data is in the store of this service, which does not answer at the moment.",
        IsPassing: true
    );

    public static readonly Failure StoreFull = new(
        "The store is full",
        "It accepts no new data. Delete policies, keys or clients to make room, and try again.",
        IsPassing: true
    );

    public static readonly Failure SessionEnded = new(
        "Your session has ended",
        "Sign in again.",
        IsPassing: false
    );

    public static Failure TooMany(RefusedCall refused) =>
        new(
            "Too many calls",
            $"{refused.Reason} Nothing was changed. Try again in "
                + $"{Math.Ceiling(refused.RetryAfter.TotalSeconds)} s.",
            IsPassing: true
        );

    public static Failure ScopeMissing(Scopes wanted) =>
        new(
            "Your key does not have the scope",
            $"This requires a key with the scope {string.Join(" or ", wanted.ToNames())}.",
            IsPassing: false
        );
}
