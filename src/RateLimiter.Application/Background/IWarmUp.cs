using RateLimiter.Application.Stores;

namespace RateLimiter.Application.Background;

/// <summary>
/// Runs once the operations of a store that requests will use, so that no request waits for their compilation. It leaves no
/// data in the store, and does nothing after it has succeeded.
/// </summary>
public interface IWarmUp
{
    /// <exception cref="StoreUnavailableException">The store does not answer; the caller must try again.</exception>
    Task WarmUpAsync(CancellationToken cancellationToken);
}
