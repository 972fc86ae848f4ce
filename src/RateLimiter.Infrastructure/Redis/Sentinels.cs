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
internal sealed class Sentinels(
    ConfigurationOptions configuration,
    TimeProvider time,
    ILogger logger
) : IAsyncDisposable
{
    private readonly string service = configuration.ServiceName!;
    private readonly ConcurrentDictionary<EndPoint, BackgroundLoop> asking = new();
    private ConnectionMultiplexer? sentinels;

    /// <summary>The address of the master; null when no sentinel answers, or none knows it.</summary>
    public async Task<EndPoint?> FindMasterAsync()
    {
        try
        {
            sentinels ??= await ConnectionMultiplexer.SentinelConnectAsync(OfSentinels());
            var answers = await Task.WhenAll(
                sentinels.GetServers().Where(server => server.IsConnected).Select(AskAsync)
            );
            return answers
                .OfType<EndPoint>()
                .GroupBy(endpoint => endpoint)
                .MaxBy(votes => votes.Count())
                ?.Key;
        }
        catch (RedisConnectionException)
        {
            // None is there yet.
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
