using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using RateLimiter.Application;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>
/// Asks the sentinels of a service who takes its writes. A master that was replaced while it was away takes itself for
/// one when it is back, until it is told otherwise, and a client that looks at servers alone believes it: what it counts
/// until then is lost. So only the sentinels are believed, and of them the majority of those that answer. An answer that
/// is none, such as a port that there is not, does not count.
/// </summary>
/// <param name="configuration">The sentinels, and how to connect to what they watch.</param>
/// <param name="overTls">Whether they themselves are asked over TLS.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Gets what fails.</param>
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

    /// <summary>Why the master is not known; null when it is, or nothing has failed yet.</summary>
    public Exception? Failure => failure;

    /// <summary>The address of the master; null when no sentinel answers, or none knows it.</summary>
    public async Task<EndPoint?> FindMasterAsync()
    {
        try
        {
            sentinels ??= await ConnectionMultiplexer.SentinelConnectAsync(OfSentinels());
            var servers = sentinels.GetServers();
            var asked = servers.Where(server => server.IsConnected).ToList();
            if (asked.Count == 0)
            {
                // Says why not.
                await servers[0].PingAsync();
            }

            var answers = await Task.WhenAll(asked.Select(AskAsync));
            var master = answers
                .OfType<EndPoint>()
                .GroupBy(endpoint => endpoint)
                .MaxBy(votes => votes.Count())
                ?.Key;
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
            // None is there yet.
            failure = new SentinelException("none answers", exception);
            return null;
        }
    }

    /// <summary>How to connect to the master and to nobody else.</summary>
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

    private async Task<EndPoint?> AskAsync(IServer sentinel)
    {
        EndPoint? answer = null;
        var question = asking.GetOrAdd(
            sentinel.EndPoint,
            endpoint => new BackgroundLoop($"The question to the sentinel {endpoint}", time, logger)
        );
        await question.TryAsync(
            async _ =>
            {
                try
                {
                    answer = await sentinel.SentinelGetMasterAddressByNameAsync(service);
                }
                catch (Exception exception) when (exception is RedisException or TimeoutException)
                {
                    throw new StoreUnavailableException("It does not answer.", exception);
                }
            },
            CancellationToken.None
        );
        return answer;
    }
}

/// <summary>No sentinel says who the master is, because of the inner exception, if there is one.</summary>
internal sealed class SentinelException(string message, Exception? innerException = null)
    : Exception(message, innerException);
