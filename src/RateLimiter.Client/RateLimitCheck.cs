using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>A check: may a user use a route now? And, for a refund, the check whose permits are given back.</summary>
/// <param name="UserId">The user, 1 to 256 characters.</param>
/// <param name="RouteKey">The route that the user wants to use, 1 to 128 characters.</param>
/// <param name="Role">The user's role, 1 to 128 characters; null is the default role.</param>
/// <param name="Cost">The permits that the check takes, 0 to 1,000,000,000; 0 only reads the limits.</param>
public sealed record RateLimitCheck(
    string UserId,
    string RouteKey,
    string? Role = null,
    long Cost = 1
)
{
    /// <summary>
    /// Who the check is for beside the user, by name, such as <c>org</c>: at most 8. Limits say which of them they count for.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Subjects { get; init; }

    /// <summary>
    /// The fewest permits to take when fewer than the cost are left, 1 to the cost; null for the whole cost. Not for a refund.
    /// </summary>
    public long? MinCost { get; init; }

    /// <summary>
    /// Makes the check, or the refund, safe to repeat: 1 to 64 visible ASCII characters. A repetition within 10 minutes gets the same
    /// decision, and takes nothing again. Such a check is always sent to the service.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>An item of a batch, which has the key in itself; a single request has it in a header.</summary>
    internal CheckRequest ToItem()
    {
        var item = ToRequest();
        item.IdempotencyKey = IdempotencyKey;
        return item;
    }

    internal CheckRequest ToRequest() =>
        new()
        {
            UserId = UserId,
            RouteKey = RouteKey,
            Role = Role,
            Cost = Cost,
            MinCost = MinCost,
            Subjects = Subjects?.ToDictionary(),
        };
}

/// <summary>The result of one check of a batch: a decision, or the reason why there is none.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Problem">The reason why there is no decision, such as that no policy applies.</param>
public sealed record RateLimitResult(RateLimitDecision? Decision, RateLimiterProblem? Problem)
{
    internal static RateLimitResult From(CheckBatchResult? answer) =>
        answer is null ? new(null, null)
        : RateLimitDecision.From(answer) is { } decision ? new(decision, null)
        : new(null, RateLimiterProblem.Parse(answer.Error?.ToString()));
}
