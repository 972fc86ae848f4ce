using RateLimiter.Application.Checks;
using RateLimiter.Application.Reservations;
using RateLimiter.Application.Validation;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Api.Reservations;

/// <summary>A user, the route they call, and how many permits to hold until the true cost is known.</summary>
/// <param name="UserId">The user, 1 to 256 characters.</param>
/// <param name="RouteKey">The route that the user calls, 1 to 128 characters.</param>
/// <param name="Role">The user's role, 1 to 128 characters; omitted, null and "default" are the same.</param>
/// <param name="Cost">The number of permits to hold, 0 to 1,000,000,000.</param>
/// <param name="MinCost">
/// The fewest permits to hold when fewer than the cost are left, 1 to the cost; 0 only with a cost of 0; the cost when omitted.
/// </param>
/// <param name="Subjects">Who the reservation is for beside the user, as in a check.</param>
/// <param name="TtlSeconds">After how many seconds the permits come back by themselves, 1 to 3600.</param>
/// <param name="Slots">The slots that it takes of limits on reservations which are open at once, 1 to 1000.</param>
/// <param name="OnExpiry">
/// What becomes of the permits when nobody settles it in time: "release" gives them back, "charge" keeps them charged; as the policy
/// says when omitted.
/// </param>
public sealed record ReserveRequest(
    string? UserId,
    string? RouteKey,
    string? Role,
    long Cost = CheckRules.DefaultCost,
    long? MinCost = null,
    IReadOnlyDictionary<string, string>? Subjects = null,
    int TtlSeconds = ReservationRules.DefaultSeconds,
    int Slots = 1,
    ExpiryAction? OnExpiry = null
)
{
    /// <summary>The validation errors, or null when there are none.</summary>
    internal Dictionary<string, string[]>? Validate()
    {
        var errors = CheckRules.Validate(UserId, RouteKey, Role, Cost, MinCost, Subjects);
        Add("ttl_seconds", ReservationRules.TimeToLiveProblem(TtlSeconds));
        Add("slots", ReservationRules.SlotsProblem(Slots));
        return errors;

        void Add(string field, string? problem)
        {
            if (problem is not null)
            {
                (errors ??= []).Add(field, [problem]);
            }
        }
    }

    internal Check ToCheck(string? idempotencyKey) =>
        new(UserId!, RouteKey!, Role ?? PolicyKey.DefaultRole, Cost)
        {
            MinCost = MinCost,
            Subjects = SubjectValues.Of(Subjects),
            IdempotencyKey = idempotencyKey,
        };

    internal ReservationTerms ToTerms() => new(TimeSpan.FromSeconds(TtlSeconds), Slots, OnExpiry);
}

/// <param name="Cost">The total so far, 0 to 1,000,000,000.</param>
/// <param name="Final">Whether the rest is given back; otherwise it stays held for another time to live.</param>
public sealed record CommitRequest(long? Cost, bool Final = true)
{
    internal Dictionary<string, string[]>? Validate() =>
        ReservationRules.CostProblem(Cost) is { } problem ? new() { ["cost"] = [problem] } : null;

    internal Settlement ToSettlement() => new Settlement.Commit(Cost!.Value, Final);
}

/// <param name="TtlSeconds">For how many seconds from now on the permits are held, 1 to 3600.</param>
public sealed record ExtendRequest(int? TtlSeconds)
{
    internal Dictionary<string, string[]>? Validate() =>
        ReservationRules.TimeToLiveProblem(TtlSeconds) is { } problem
            ? new() { ["ttl_seconds"] = [problem] }
            : null;

    internal Settlement ToSettlement() =>
        new Settlement.Extend(TimeSpan.FromSeconds(TtlSeconds!.Value));
}

/// <param name="ReservationId">The id of the reservation.</param>
/// <param name="Cost">The total so far, 0 to 1,000,000,000.</param>
/// <param name="Final">Whether the rest is given back.</param>
public sealed record CommitItem(string? ReservationId, long? Cost, bool Final = true)
{
    internal Dictionary<string, string[]>? Validate() =>
        ReservationItems.WithId(ReservationId, new CommitRequest(Cost, Final).Validate());
}

/// <param name="ReservationId">The id of the reservation.</param>
/// <param name="TtlSeconds">For how many seconds from now on the permits are held, 1 to 3600.</param>
public sealed record ExtendItem(string? ReservationId, int? TtlSeconds)
{
    internal Dictionary<string, string[]>? Validate() =>
        ReservationItems.WithId(ReservationId, new ExtendRequest(TtlSeconds).Validate());
}

/// <param name="Items">1 to 1000 commits.</param>
public sealed record CommitBatchRequest(IReadOnlyList<CommitItem?>? Items);

/// <param name="Items">1 to 1000 extensions.</param>
public sealed record ExtendBatchRequest(IReadOnlyList<ExtendItem?>? Items);

internal static class ReservationItems
{
    /// <summary>Adds what is wrong with an id to the errors of an item.</summary>
    public static Dictionary<string, string[]>? WithId(
        string? id,
        Dictionary<string, string[]>? errors
    )
    {
        if (id is null)
        {
            (errors ??= []).Add("reservation_id", [FieldRules.Required]);
        }

        return errors;
    }
}
