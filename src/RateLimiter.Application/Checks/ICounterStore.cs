using RateLimiter.Application.Stores;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Counts permits, exactly, for all instances together. Whatever gets no answer in time may have counted all the same.
/// </summary>
public interface ICounterStore
{
    /// <summary>
    /// Takes permits, if they are there. Null when the store gives no answer, which while it is away happens too often
    /// to be an exception.
    /// </summary>
    /// <exception cref="StoreUnavailableException">So many wait already that this one would not be answered.</exception>
    ValueTask<Decision?> AcquireAsync(PermitRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Takes permits for each request on its own, in their order. Never throws for the store: null stands where it gave
    /// no answer.
    /// </summary>
    Task<IReadOnlyList<Decision?>> AcquireEachAsync(
        IReadOnlyList<PermitRequest> requests,
        CancellationToken cancellationToken
    );

    /// <summary>Whether <see cref="AcquireAsync"/> would allow it, and how things stand without it. Changes nothing.</summary>
    /// <exception cref="StoreUnavailableException">The store gives no answer.</exception>
    ValueTask<Decision> PeekAsync(PermitRequest request, CancellationToken cancellationToken);

    /// <summary>Gives permits back, never above the limit.</summary>
    /// <exception cref="StoreUnavailableException">The store gives no answer.</exception>
    ValueTask<Decision> RefundAsync(PermitRequest request, CancellationToken cancellationToken);

    /// <summary>Forgets the counters of a subject under a policy, whatever the cost.</summary>
    /// <exception cref="StoreUnavailableException">The store gives no answer.</exception>
    Task ResetAsync(PermitRequest request, CancellationToken cancellationToken);
}
