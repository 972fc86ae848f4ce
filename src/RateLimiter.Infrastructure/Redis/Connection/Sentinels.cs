using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// Asks the sentinels of a service for its current master. A master that was replaced while it was unavailable
/// considers itself a master when it returns, until it is reconfigured, and a client that looks only at the servers
/// believes it: what it counts until then is lost. So only the sentinels are believed, and of them those that know of
/// the latest failover, by its configuration epoch: the others learn of it up to two seconds later. An invalid reply,
/// such as an impossible port, does not count.
/// </summary>
/// <param name="configuration">The sentinels, and how to connect to the servers that they watch.</param>
/// <param name="overTls">Whether the sentinels themselves are asked over TLS.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs what fails.</param>
internal sealed class Sentinels(
    ConfigurationOptions configuration,
    bool overTls,
    TimeProvider time,
    ILogger logger
) : IAsyncDisposable
{
    private readonly string service = configuration.ServiceName!;
    private readonly ConcurrentDictionary<EndPoint, BackgroundLoop> asking = new();
    private ConnectionMultiplexer? sentinels;
    private volatile SentinelException? failure;

    /// <summary>Why the master is not known; null when it is known, or nothing has failed yet.</summary>
    public Exception? Failure => failure;

    /// <summary>The address of the master; null when no sentinel replies, or none knows it.</summary>
    public async Task<EndPoint?> FindMasterAsync()
    {
        try
        {
            sentinels ??= await ConnectionMultiplexer.SentinelConnectAsync(OfSentinels());
            var servers = sentinels.GetServers();
            var asked = servers.Where(server => server.IsConnected).ToList();
            if (asked.Count == 0)
            {
                // Throws the reason.
                await servers[0].PingAsync();
            }

            var answers = await Task.WhenAll(asked.Select(AskAsync));
            var master = answers
                .OfType<Answer>()
                .GroupBy(answer => answer)
                .OrderByDescending(votes => votes.Key.Epoch)
                .ThenByDescending(votes => votes.Count())
                .FirstOrDefault()
                ?.Key.Master;
            if (master is not null)
            {
                failure = null;
            }
            else if (asked.Count > 0)
            {
                failure = new SentinelException("none of them knows the master");
            }

            return master;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // No sentinel is available yet.
            failure = new SentinelException("none answers", exception);
            return null;
        }
    }

    /// <summary>How to connect to the master and to no other server.</summary>
    public ConfigurationOptions Of(EndPoint master)
    {
        var options = configuration.Clone();
        options.ServiceName = null;
        options.TieBreaker = "";
        options.EndPoints.Clear();
        options.EndPoints.Add(master);
        return options;
    }

    public async ValueTask DisposeAsync()
    {
        if (sentinels is not null)
        {
            await sentinels.DisposeAsync();
        }
    }

    private ConfigurationOptions OfSentinels()
    {
        var options = configuration.Clone();
        options.ServiceName = null;
        options.TieBreaker = "";
        options.CommandMap = CommandMap.Sentinel;
        options.User = configuration.SentinelUser;
        options.Password = configuration.SentinelPassword;
        options.Ssl = overTls;
        return options;
    }

    private async Task<Answer?> AskAsync(IServer sentinel)
    {
        Answer? answer = null;
        var question = asking.GetOrAdd(
            sentinel.EndPoint,
            endpoint => new BackgroundLoop($"The query of the sentinel {endpoint}", time, logger)
        );
        await question.TryAsync(
            async _ =>
            {
                try
                {
                    // Ask for the address last, so that it is as recent as the epoch. It is the new master's as soon as
                    // the sentinel has promoted it, while what else the sentinel reports about the master is still
                    // about the old one.
                    var known = await sentinel.SentinelMasterAsync(service);
                    answer = await sentinel.SentinelGetMasterAddressByNameAsync(service)
                        is { } master
                        ? new Answer(EpochOf(known), master)
                        : null;
                }
                catch (Exception exception) when (exception is RedisException or TimeoutException)
                {
                    throw new StoreUnavailableException("The sentinel does not reply.", exception);
                }
            },
            CancellationToken.None
        );
        return answer;
    }

    private static long EpochOf(KeyValuePair<string, string>[] master) =>
        long.TryParse(
            master.FirstOrDefault(field => field.Key == "config-epoch").Value,
            CultureInfo.InvariantCulture,
            out var epoch
        )
            ? epoch
            : 0;

    /// <param name="Epoch">The configuration epoch, which increases with each failover.</param>
    /// <param name="Master">The server that takes writes.</param>
    private sealed record Answer(long Epoch, EndPoint Master);
}

/// <summary>No sentinel names the master; the inner exception is the cause, if there is one.</summary>
internal sealed class SentinelException(string message, Exception? innerException = null)
    : Exception(message, innerException);
