using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The store's server, where the service runs it itself. There is none for a Redis that somebody else runs.
/// </summary>
/// <remarks>Who creates it disposes it, after every connection to it.</remarks>
public interface IStoreHost : IAsyncDisposable
{
    /// <summary>Names the store, without secrets.</summary>
    string Description { get; }

    /// <summary>The memory in bytes that the data uses and may use; null until the server runs.</summary>
    (long Used, long Max)? Size { get; }

    /// <summary>Starts the server.</summary>
    /// <returns>How to connect to it.</returns>
    Task<ConfigurationOptions> StartAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Waits until every write that was replied to before is durable, so that a crash cannot undo it.
    /// </summary>
    /// <exception cref="IOException">The writes are not durable.</exception>
    Task CommitAsync();
}
