using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>
/// Asks the service. Its methods throw <see cref="RateLimiterUnavailableException"/> when there is no answer, and
/// <see cref="RateLimiterApiException"/> when the service refuses: a denial is neither, but a decision.
/// </summary>
public interface IRateLimiterClient
{
    /// <summary>Everything that the service offers: policies, keys, logs, analytics, the audit trail.</summary>
    IRateLimiterApi Api { get; }

    /// <summary>May this user do this now? If so, the permits are taken.</summary>
    /// <param name="userId">The user, 1 to 256 characters.</param>
    /// <param name="routeKey">What the user wants to do, 1 to 128 characters.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cost">How many permits it takes; 0 only looks.</param>
    /// <param name="cancellationToken">Ends the wait. What was sent by then may count all the same.</param>
    Task<RateLimitDecision> CheckAsync(
        string userId,
        string routeKey,
        string? role = null,
        long cost = 1,
        CancellationToken cancellationToken = default
    );

    /// <summary>Asks all of these, up to 1000, in one request. Each is decided on its own.</summary>
    /// <param name="checks">What is asked.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>One result for each check, in their order.</returns>
    Task<IReadOnlyList<RateLimitResult>> CheckBatchAsync(
        IReadOnlyList<RateLimitCheck> checks,
        CancellationToken cancellationToken = default
    );

    /// <summary>The denial that this process has been told already, if the check would be denied at this moment. Asks nobody.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="routeKey">What the user wants to do.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cost">How many permits it takes.</param>
    /// <returns>Null when only the service can tell.</returns>
    RateLimitDecision? FindLocalDenial(
        string userId,
        string routeKey,
        string? role = null,
        long cost = 1
    );

    /// <summary>What is used and what is left now, and what a check of cost 1 would be answered. Changes nothing.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="routeKey">What the user does.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    Task<UsageResponse> GetUsageAsync(
        string userId,
        string routeKey,
        string? role = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>Gives permits back, never above the limit.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="routeKey">What the user did not do after all.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cost">How many permits.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>How things stand then.</returns>
    Task<RateLimitDecision> RefundAsync(
        string userId,
        string routeKey,
        string? role = null,
        long cost = 1,
        CancellationToken cancellationToken = default
    );

    /// <summary>Forgets what the user has used.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="routeKey">What the user did.</param>
    /// <param name="role">The user's role; null is the default role.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    Task ResetAsync(
        string userId,
        string routeKey,
        string? role = null,
        CancellationToken cancellationToken = default
    );
}
