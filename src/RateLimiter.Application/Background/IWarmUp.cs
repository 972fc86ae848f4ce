using RateLimiter.Application.Stores;

namespace RateLimiter.Application.Background;

/// <summary>
/// Runs once what requests will need of a store, so that nobody's request waits for it to be compiled. It leaves nothing
/// behind there, and does nothing once it has been done.
/// </summary>
public interface IWarmUp
{
    /// <exception cref="StoreUnavailableException">The store does not answer; to be tried again.</exception>
    Task WarmUpAsync(CancellationToken cancellationToken);
}
