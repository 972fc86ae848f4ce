using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// Replaces connections that are open but stale: the address may lead to another server than when they were made (a
/// managed failover, a Service of Kubernetes, HAProxy, a DNS name), and the server at their other end then refuses
/// writes, is loading, or does not reply any more. Lost connections are restored by the client library itself.
/// </summary>
/// <remarks>
/// In a cluster the client library follows <c>MOVED</c> itself: connections are kept while any shard replies, unless no
/// messages arrive.
/// </remarks>
internal sealed class ConnectionRenewal(
    RedisConnection connection,
    RedisInvalidationChannel invalidations,
    TimeProvider time,
    ILogger<ConnectionRenewal> logger
) : RepeatingService("The renewal of connections to the store", Interval, time, logger)
{
    /// <summary>How long connections must have been stale.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The longest pause between two unsuccessful renewals.</summary>
    internal static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DiagnosisInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookupInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(1);

    private long staleSince;
    private long renewed;
    private long lookedUp;
    private long diagnosed;
    private TimeSpan pause;
    private bool isLogged;
    private string? movedName;

    /// <summary>Resolves a host name to addresses.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } =
        Dns.GetHostAddressesAsync;

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        if (connection.IsEmbedded || connection.Link.Current is not { IsConnected: true })
        {
            staleSince = 0;
            await DiagnoseAsync();
            return;
        }

        if (await FindReasonAsync(stoppingToken) is not { } reason)
        {
            staleSince = 0;
            isLogged = false;
            if (Time.GetElapsedTime(renewed) > MaxPause)
            {
                pause = TimeSpan.Zero;
            }

            return;
        }

        var now = Time.GetTimestamp();
        staleSince = staleSince == 0 ? now : staleSince;
        if (
            Time.GetElapsedTime(staleSince, now) < Patience
            || Time.GetElapsedTime(renewed, now) < pause
        )
        {
            return;
        }

        // Set also when it fails: the next attempt must wait.
        renewed = now;
        pause =
            pause == TimeSpan.Zero
                ? Patience
                : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, MaxPause.Ticks));
        if (await connection.Link.RenewAsync() && !isLogged)
        {
            isLogged = true;
            Logger.ConnectionsRenewed(reason);
        }
    }

    private async Task DiagnoseAsync()
    {
        if (!connection.IsEmbedded && Time.GetElapsedTime(diagnosed) > DiagnosisInterval)
        {
            diagnosed = Time.GetTimestamp();
            await connection.Link.DiagnoseAsync();
        }
    }

    /// <summary>Why the connections are stale; null when they are not.</summary>
    private async Task<string?> FindReasonAsync(CancellationToken stoppingToken) =>
        connection.States.Failure
        ?? (
            // New connections of the same user would be refused too.
            invalidations.IsSubscribed || connection.Messages.Refusal is not null
                ? null
                : "messages do not arrive"
        )
        ?? (
            await FindMovedNameAsync(stoppingToken) is { } name
                ? $"{name} resolves to another address"
                : null
        );

    /// <summary>A host name that no longer resolves to the address of a connection that was made to it.</summary>
    private async Task<string?> FindMovedNameAsync(CancellationToken stoppingToken)
    {
        if (connection.IsCluster || Time.GetElapsedTime(lookedUp) < LookupInterval)
        {
            return movedName;
        }

        lookedUp = Time.GetTimestamp();
        movedName = null;
        foreach (var (name, address) in connection.Link.FindAddresses())
        {
            try
            {
                var addresses = await Resolve(name, stoppingToken)
                    .WaitAsync(LookupTimeout, Time, stoppingToken);
                if (addresses.Length > 0 && !addresses.Contains(address))
                {
                    movedName = name;
                }
            }
            catch (Exception exception) when (exception is SocketException or TimeoutException)
            {
                // A failed lookup is no evidence of another address.
            }
        }

        return movedName;
    }
}
