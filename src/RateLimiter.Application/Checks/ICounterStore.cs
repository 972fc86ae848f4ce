using RateLimiter.Application.Stores;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Counts permits exactly, for all instances together. A plan that times out may have been counted nevertheless.
/// </summary>
public interface ICounterStore
{
    /// <summary>
    /// Takes permits if they are available. Null when the store does not answer, which during an outage happens too often to
    /// be an exception.
    /// </summary>
    /// <exception cref="StoreUnavailableException">So many plans are waiting that this one would not be answered.</exception>
    ValueTask<Decision?> AcquireAsync(CheckPlan plan, CancellationToken cancellationToken);

    /// <summary>
    /// Takes permits for each plan independently, in their order. Never throws when the store is unavailable: null stands
    /// where it did not answer.
    /// </summary>
    Task<IReadOnlyList<Decision?>> AcquireEachAsync(
        IReadOnlyList<CheckPlan> plans,
        CancellationToken cancellationToken
    );

    /// <summary>The decision that <see cref="AcquireAsync"/> would make, with the current figures. Changes nothing.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    ValueTask<Decision> PeekAsync(CheckPlan plan, CancellationToken cancellationToken);

    /// <summary>Gives permits back, at most up to the limit.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    ValueTask<Decision> RefundAsync(CheckPlan plan, CancellationToken cancellationToken);

    /// <summary>Resets the counters of a subject under a policy. The cost of the plan is ignored.</summary>
    /// <returns>When they were reset, by the store's clock.</returns>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    Task<DateTimeOffset> ResetAsync(CheckPlan plan, CancellationToken cancellationToken);
}
