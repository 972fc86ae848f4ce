using System.Net;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The client's connections to the store. They are established in the background, and replaced when sentinels name
/// another master or when they are stale (<see cref="ConnectionRenewal"/>).
/// </summary>
/// <param name="timeout">The longest wait for a reply.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs what fails in the background.</param>
internal sealed class RedisLink(TimeSpan timeout, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>The delay before the next attempt to connect.</summary>
    public static readonly TimeSpan ReconnectInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>The time-out of establishing one connection.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>How often sentinels are asked: what is written to the old master after a failover is lost.</summary>
    private static readonly TimeSpan SentinelInterval = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource<IConnectionMultiplexer> connected = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly BackgroundLoop closing = new("The closing of old connections", time, logger);
    private readonly SemaphoreSlim making = new(1);
    private readonly CancellationTokenSource stopping = new();
    private Sentinels? sentinels;
    private EndPoint? master;
    private volatile LinkConnections? used;
    private volatile RedisConnectionException? diagnosis;

    /// <summary>The connections to use now; null until the first are established.</summary>
    public IConnectionMultiplexer? Current => used?.Multiplexer;

    /// <summary>Why there are none yet, as far as it is known.</summary>
    public Exception? Hindrance => sentinels?.Failure;

    /// <summary>
    /// What <see cref="DiagnoseAsync"/> has found; null when it found nothing, or there is a connection.
    /// </summary>
    public RedisConnectionException? Diagnosis => diagnosis;

    /// <summary>Completes when the first connections are established.</summary>
    public Task<IConnectionMultiplexer> Connected => connected.Task;

    /// <summary>Cancelled when no connection is used any more.</summary>
    public CancellationToken Stopping => stopping.Token;

    /// <summary>Called when the connections in use have changed.</summary>
    public event Action? Used;

    /// <summary>Called when messages may have been lost because a connection was.</summary>
    public event Action? Interrupted;

    /// <summary>
    /// Establishes the first connections, and follows the master that the sentinels name, if there are any, for the
    /// lifetime of the service.
    /// </summary>
    /// <param name="options">Where to connect.</param>
    /// <param name="sentinelTls">Whether sentinels are asked over TLS; null: like the servers that they watch.</param>
    public async Task ConnectAsync(ConfigurationOptions options, bool? sentinelTls = null)
    {
        ClientSettings.ApplyTo(options);
        sentinels = options.ServiceName is null
            ? null
            : new Sentinels(options, sentinelTls ?? options.Ssl, time, logger);
        var loop = new BackgroundLoop("The connection to the store", time, logger);
        Func<CancellationToken, Task> step = sentinels is null
            ? _ => UseAsync(options, mustStand: false)
            : _ => FollowAsync(sentinels);
        await loop.TryAsync(step, stopping.Token);
        using var timer = new PeriodicTimer(
            sentinels is null ? ReconnectInterval : SentinelInterval,
            time
        );
        await loop.RunAsync(
            async stoppingToken =>
                (sentinels is not null || used is null)
                && await timer.WaitForNextTickAsync(stoppingToken),
            step,
            stopping.Token
        );
    }

    /// <summary>
    /// Establishes new connections to the same address, and uses them if that succeeds. The old ones are used until
    /// then, and what was sent on them still gets its reply.
    /// </summary>
    /// <returns>Whether the new connections are used.</returns>
    public Task<bool> RenewAsync() =>
        used is { } connections
            ? UseAsync(connections.Options, mustStand: true)
            : Task.FromResult(false);

    /// <summary>
    /// Finds out why there is no connection now: the client library keeps reporting why the first attempt failed,
    /// although since then a server may have become available that refuses the password.
    /// </summary>
    public async Task DiagnoseAsync()
    {
        if (used is not { } connections)
        {
            return;
        }

        try
        {
            await using var made = await ConnectionMultiplexer.ConnectAsync(
                connections.Options.Clone()
            );
            await made.GetDatabase().PingAsync();
            diagnosis = null;
        }
        catch (RedisConnectionException exception)
        {
            diagnosis = exception;
        }
    }

    /// <inheritdoc cref="LinkConnections.FindAddresses"/>
    public IEnumerable<(string Name, IPAddress Address)> FindAddresses() =>
        used?.FindAddresses() ?? [];

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        if (sentinels is not null)
        {
            await sentinels.DisposeAsync();
        }

        if (used is { } connections)
        {
            await connections.Multiplexer.DisposeAsync();
        }
    }

    private async Task FollowAsync(Sentinels guides)
    {
        if (await guides.FindMasterAsync() is { } named && !named.Equals(master))
        {
            await UseAsync(guides.Of(named), mustStand: false);
            master = named;
        }
    }

    private async Task<bool> UseAsync(ConfigurationOptions options, bool mustStand)
    {
        await making.WaitAsync(stopping.Token);
        try
        {
            var made = await LinkConnections.MakeAsync(options);
            if (mustStand && !made.Multiplexer.IsConnected)
            {
                await made.Multiplexer.DisposeAsync();
                return false;
            }

            Use(made);
            return true;
        }
        finally
        {
            making.Release();
        }
    }

    private void Use(LinkConnections made)
    {
        made.Multiplexer.ConnectionFailed += (_, _) => Interrupted?.Invoke();
        made.Multiplexer.ConnectionRestored += (_, _) => diagnosis = null;
        var before = Interlocked.Exchange(ref used, made);
        if (before is null)
        {
            Used?.Invoke();
            connected.SetResult(made.Multiplexer);
            return;
        }

        // Before anything subscribes again: what arrives from then on was not lost.
        Interrupted?.Invoke();
        Used?.Invoke();
        _ = CloseAsync(before);
    }

    // Requests that were sent on the old connections get their reply, or their time-out.
    private async Task CloseAsync(LinkConnections before)
    {
        await Task.Delay(timeout, time, stopping.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await closing.TryAsync(
            async _ => await before.Multiplexer.DisposeAsync(),
            CancellationToken.None
        );
    }
}
