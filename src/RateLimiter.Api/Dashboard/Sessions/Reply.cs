using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Dashboard.Sessions;

/// <summary>What came of a request: its answer, or what hindered it.</summary>
/// <param name="Answer">Default when something hindered it.</param>
/// <param name="Failure">Null when nothing did.</param>
public sealed record Reply<T>(T? Answer, Failure? Failure)
{
    public static implicit operator Reply<T>(Failure error) => new(default, error);

    public static implicit operator Reply<T>(T answer) => new(answer, null);
}

/// <summary>Why there is no answer, in words for whoever waits for it.</summary>
/// <param name="Title">In a few words.</param>
/// <param name="Detail">What to do about it.</param>
/// <param name="IsPassing">Whether it is worth trying again.</param>
public sealed record Failure(string Title, string Detail, bool IsPassing)
{
    public static readonly Failure StoreUnavailable = new(
        "The store does not answer",
        "What is shown here is kept in the store of this service, which does not answer at the moment.",
        IsPassing: true
    );

    public static readonly Failure StoreFull = new(
        "The store is full",
        "It keeps nothing new. Delete policies, keys or clients to make room, and try again.",
        IsPassing: true
    );

    public static readonly Failure SessionEnded = new(
        "Your session is over",
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
            "Your key is not good for this",
            $"It takes a key with the scope {string.Join(" or ", wanted.ToNames())}.",
            IsPassing: false
        );
}
