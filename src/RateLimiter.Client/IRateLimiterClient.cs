using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>
/// A client of the service. Its methods throw <see cref="RateLimiterUnavailableException"/> when there is no response, and
/// <see cref="RateLimiterApiException"/> when the service rejects the request. A denial is neither; it is a decision.
/// </summary>
public interface IRateLimiterClient
{
    /// <summary>All operations of the service: policies, keys, logs, analytics, the audit trail.</summary>
    IRateLimiterApi Api { get; }

    /// <summary>Checks whether a user may use a route now. If so, the permits are taken.</summary>
    /// <param name="userId">The user, 1 to 256 characters.</param>
    /// <param name="routeKey">The route that the user wants to use, 1 to 128 characters.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cost">The permits that the check takes; 0 only reads the limits.</param>
    /// <param name="cancellationToken">Cancels the wait. A request that was already sent may still count.</param>
    Task<RateLimitDecision> CheckAsync(
        string userId,
        string routeKey,
        string? role = null,
        long cost = 1,
        CancellationToken cancellationToken = default
    );

    /// <summary>As above, also for other subjects than the user, or with fewer permits than the cost.</summary>
    /// <param name="check">The check.</param>
    /// <param name="cancellationToken">Cancels the wait. A request that was already sent may still count.</param>
    Task<RateLimitDecision> CheckAsync(
        RateLimitCheck check,
        CancellationToken cancellationToken = default
    );

    /// <summary>Sends up to 1000 checks in one request. Each is decided independently.</summary>
    /// <param name="checks">The checks.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>One result for each check, in their order.</returns>
    Task<IReadOnlyList<RateLimitResult>> CheckBatchAsync(
        IReadOnlyList<RateLimitCheck> checks,
        CancellationToken cancellationToken = default
    );

    /// <summary>
    /// The cached denial that this process has already received, if the check would be denied now. Sends no request.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="routeKey">The route that the user wants to use.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cost">The permits that the check takes.</param>
    /// <returns>Null when only the service can decide.</returns>
    RateLimitDecision? FindLocalDenial(
        string userId,
        string routeKey,
        string? role = null,
        long cost = 1
    );

    /// <summary>As above, for any check.</summary>
    /// <param name="check">The check.</param>
    RateLimitDecision? FindLocalDenial(RateLimitCheck check);

    /// <summary>
    /// Takes permits now, to be settled when the true cost is known: <see cref="RateLimitReservation.CommitAsync"/>. When it is
    /// disposed of without that, it gives them back; and if the process dies, they come back by themselves.
    /// </summary>
    /// <param name="check">What is asked for.</param>
    /// <param name="options">How it is held; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the wait. A request that was already sent may still hold permits until it expires.</param>
    /// <returns>The decision, and what it holds.</returns>
    Task<RateLimitReservation> ReserveAsync(
        RateLimitCheck check,
        RateLimitReservationOptions? options = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>
    /// The used and the remaining permits now, and the decision that a check of cost 1 would get. Changes nothing.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="routeKey">The route.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<UsageResponse> GetUsageAsync(
        string userId,
        string routeKey,
        string? role = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>As above, of limits of which all subjects are named.</summary>
    /// <param name="usage">Whose usage is read: the user, other subjects, or both.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<UsageResponse> GetUsageAsync(
        RateLimitUsageKey usage,
        CancellationToken cancellationToken = default
    );

    /// <summary>Gives permits back, at most up to the limit.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="routeKey">The route that the user did not use after all.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cost">The number of permits.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The state after the refund.</returns>
    Task<RateLimitDecision> RefundAsync(
        string userId,
        string routeKey,
        string? role = null,
        long cost = 1,
        CancellationToken cancellationToken = default
    );

    /// <summary>As above, also for other subjects than the user.</summary>
    /// <param name="check">The check; its <see cref="RateLimitCheck.MinCost"/> must be null.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<RateLimitDecision> RefundAsync(
        RateLimitCheck check,
        CancellationToken cancellationToken = default
    );

    /// <summary>Resets the user's usage, of limits that count for the user alone.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="routeKey">The route.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task ResetAsync(
        string userId,
        string routeKey,
        string? role = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>Resets the usage of limits that count for exactly the subjects that are named.</summary>
    /// <param name="usage">Whose usage is reset; without the user and other subjects, that of limits that count for all.</param>
    /// <param name="limit">The name of the only limit to reset; null for all of these subjects.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task ResetAsync(
        RateLimitUsageKey usage,
        string? limit = null,
        CancellationToken cancellationToken = default
    );
}
