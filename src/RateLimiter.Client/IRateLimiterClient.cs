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

    /// <summary>Resets the user's usage.</summary>
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
}
