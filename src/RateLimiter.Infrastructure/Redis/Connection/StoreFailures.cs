using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// What the exceptions of the client library mean: every failure of the store becomes a
/// <see cref="StoreUnavailableException"/>. What an operator must fix is logged.
/// </summary>
/// <param name="link">The connections, which may know why there are none.</param>
/// <param name="states">Record which shard is full.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs errors of the store.</param>
internal sealed class StoreFailures(
    RedisLink link,
    ShardStates states,
    TimeProvider time,
    ILogger logger
)
{
    /// <summary>
    /// The limit of logged errors about single counters, which every check of such a counter would repeat.
    /// </summary>
    private const int MaxErrorsPerMinute = 10;

    private readonly LineLimit errors = new(time, MaxErrorsPerMinute);
    private readonly ConcurrentDictionary<string, byte> denials = new();

    /// <summary>Whether an exception is a failure of the store.</summary>
    /// <param name="exception">What a request has thrown.</param>
    /// <param name="cancellationToken">The token of who waits for the request.</param>
    public static bool IsFailure(Exception exception, CancellationToken cancellationToken) =>
        exception
            is RedisException
                or RedisCommandException
                or TimeoutException
                or ObjectDisposedException
                or IOException
        // A connection that is replaced cancels the commands that wait on it.
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>
    /// Whether a request failed before it was sent, because there was no connection, so that it is safe to repeat.
    /// </summary>
    public static bool WasNotSent(StoreUnavailableException exception) =>
        exception.InnerException
            is RedisConnectionException { CommandStatus: not CommandStatus.Sent };

    /// <summary>Why there is nothing to send a request on.</summary>
    public StoreUnavailableException NotConnected() =>
        new("There is no connection to the store yet.", link.Hindrance);

    /// <summary>What a failure of a request to a shard means to callers. Notes what the shard has reported.</summary>
    public StoreUnavailableException Explain(int shard, Exception failure)
    {
        switch (failure)
        {
            case RedisServerException { Kind: RedisErrorKind.OutOfMemory }:
                states.NoteFull(shard, isFull: true);
                return new StoreFullException();
            case RedisServerException or RedisCommandException:
                if (StoreReason.IsDenial(failure.Message))
                {
                    NoteDenial(StoreReason.Of(failure).Text);
                }

                return new StoreUnavailableException("The store answered with an error.", failure);
            case RedisConnectionException
            {
                FailureType: ConnectionFailureType.UnableToResolvePhysicalConnection
            }:
                return new StoreUnavailableException(
                    "The store did not answer.",
                    link.Diagnosis ?? failure
                );
            default:
                return new StoreUnavailableException("The store did not answer.", failure);
        }
    }

    /// <summary>Reports an error that the store replied with.</summary>
    public void Report(string message)
    {
        if (errors.TryTake())
        {
            logger.StoreRepliedWithAnError(message);
        }
    }

    // Log each reason once: a missing right stays missing.
    private void NoteDenial(string reason)
    {
        if (denials.Count < MaxErrorsPerMinute && denials.TryAdd(reason, 0))
        {
            logger.RightMissing(reason);
        }
    }
}
