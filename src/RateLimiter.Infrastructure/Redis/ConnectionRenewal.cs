using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RateLimiter.Application;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>
/// Has connections made anew when those that stand have been of no use for some seconds: an address can lead to another
/// server than it did when they were made (a managed failover, a Service of Kubernetes, HAProxy, a name), and the server at
/// their other end then refuses to write, says that it is loading, or does not answer any more. Connections that are lost are
/// made again by the client itself.
/// </summary>
/// <remarks>
/// In a cluster the client follows its servers itself, and connections are all that its parts have in common: they are left
/// alone while one of them is of use, unless no messages arrive.
/// </remarks>
internal sealed class ConnectionRenewal(
    RedisConnection connection,
    RedisNews news,
    TimeProvider time,
    ILogger<ConnectionRenewal> logger
) : RepeatingService("The renewal of connections to the store", Interval, time, logger)
{
    /// <summary>How long they must be of no use.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The longest from one renewal to the next, when they are of no use all the same.</summary>
    internal static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookupInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(1);

    private long useless;
    private long renewed;
    private long lookedUp;
    private TimeSpan pause;
    private bool isLogged;
    private string? movedName;

    /// <summary>Finds the addresses of a name.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } =
        Dns.GetHostAddressesAsync;

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        if (connection.IsEmbedded || connection.Link.Current is not { IsConnected: true })
        {
            useless = 0;
            return;
        }

        if (await FindReasonAsync(stoppingToken) is not { } reason)
        {
            useless = 0;
            isLogged = false;
            if (Time.GetElapsedTime(renewed) > MaxPause)
            {
                pause = TimeSpan.Zero;
            }

            return;
        }

        var now = Time.GetTimestamp();
        useless = useless == 0 ? now : useless;
        if (
            Time.GetElapsedTime(useless, now) < Patience
            || Time.GetElapsedTime(renewed, now) < pause
        )
        {
            return;
        }

        // Also after one in vain: it is not tried at once again.
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

    /// <summary>Why the present connections are of no use; null when they are of use.</summary>
    private async Task<string?> FindReasonAsync(CancellationToken stoppingToken) =>
        connection.Doubt
        ?? (news.IsHeard ? null : "messages do not arrive")
        ?? (await FindMovedNameAsync(stoppingToken) is { } name ? $"{name} leads elsewhere" : null);

    /// <summary>A name to which none of the addresses belongs any more that connections were made to.</summary>
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
                // What stands is good until the name leads elsewhere.
            }
        }

        return movedName;
    }
}
