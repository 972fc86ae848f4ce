using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>Runs an <see cref="EmbeddedStore"/>, as its options say, for the lifetime of the service.</summary>
internal sealed class EmbeddedHost(
    IOptions<EmbeddedOptions> options,
    StoreRoom room,
    ILogger<EmbeddedHost> logger
) : IStoreHost
{
    private EmbeddedStore? store;

    /// <inheritdoc/>
    public string Description => $"embedded (Garnet), data in {Folder}";

    /// <inheritdoc/>
    public (long Used, long Max)? Size =>
        store is { } running ? (running.Used, options.Value.MaxBytes) : null;

    private string Folder => Path.GetFullPath(options.Value.DataDirectory);

    /// <inheritdoc/>
    /// <exception cref="EmbeddedStoreException">
    /// The directory is in use or unusable, or its files are damaged.
    /// </exception>
    public async Task<ConfigurationOptions> StartAsync(CancellationToken cancellationToken)
    {
        store = await Task.Run(
            () => EmbeddedStore.Start(Folder, options.Value.MaxBytes, room, logger),
            cancellationToken
        );
        return store.Configuration;
    }

    /// <inheritdoc/>
    public Task CommitAsync() =>
        store?.CommitAsync() ?? throw new IOException("The embedded store does not run.");

    public ValueTask DisposeAsync() =>
        // Metrics may still be read, and a container disposes what it has under several types as often.
        Interlocked.Exchange(ref store, null)?.DisposeAsync()
        ?? ValueTask.CompletedTask;
}
