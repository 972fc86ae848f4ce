using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// Whether the server has the database that the connection string names: the number of databases of a server is not
/// known before it is asked.
/// </summary>
internal static class DatabaseCheck
{
    private static readonly RedisScript SelectDatabase = RedisScript.Load("select_database");

    /// <summary>Asks the server. One that is not available yet is not waited for.</summary>
    /// <param name="multiplexer">The connections; null when there are none yet.</param>
    /// <param name="database">The number of the database.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OptionsValidationException">The server does not have it, or refuses it to its user.</exception>
    public static async Task RunAsync(
        IConnectionMultiplexer? multiplexer,
        int database,
        TimeSpan timeout,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        if (database == 0 || multiplexer is not { IsConnected: true })
        {
            return;
        }

        try
        {
            await SelectDatabase
                .EvaluateAsync(multiplexer.GetDatabase(), [], [database])
                .WaitAsync(timeout, time, cancellationToken);
        }
        catch (Exception exception)
            when (exception is RedisCommandException
                || exception is RedisServerException { Message: var message }
                    && (
                        message.Contains("DB index", StringComparison.Ordinal)
                        || message.Contains("SELECT", StringComparison.Ordinal)
                        || StoreReason.IsDenial(message)
                    )
            )
        {
            throw new OptionsValidationException(
                RedisOptions.Section,
                typeof(RedisOptions),
                [
                    $"Redis:ConnectionString has database {database}, which the server does not have or does not let its user use.",
                ]
            );
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // The monitor reports it.
        }
    }
}
