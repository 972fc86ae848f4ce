using Microsoft.Extensions.Logging;
using RateLimiter.Application.Stores;

namespace RateLimiter.Application.Background;

/// <summary>
/// Work that is repeated in the background until the service stops. A failure is logged when a series of failures begins, and
/// the work runs again the next time. All background loops of the service use this class.
/// </summary>
/// <param name="work">The work, as the log message begins: "The warm-up".</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Receives one message for each series of failures, and at most one per minute.</param>
public sealed partial class BackgroundLoop(string work, TimeProvider time, ILogger logger)
{
    /// <summary>The minimum time between two messages: work that fails now and then would fill the log.</summary>
    internal static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    // When the wait itself fails, only this pause prevents a busy loop.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private long? logged;
    private bool isFailing;

    /// <summary>Runs the work at each tick of a timer, not before the first tick.</summary>
    /// <param name="interval">The time between two ticks.</param>
    /// <param name="step">The work.</param>
    /// <param name="stoppingToken">Stops the loop, which is not a failure.</param>
    public async Task RunAsync(
        TimeSpan interval,
        Func<CancellationToken, Task> step,
        CancellationToken stoppingToken
    )
    {
        using var timer = new PeriodicTimer(interval, time);
        await RunAsync(timer.WaitForNextTickAsync, step, stoppingToken);
    }

    /// <summary>Runs the work whenever there is something to do.</summary>
    /// <param name="wait">Waits until there is something to do; false ends the loop.</param>
    /// <param name="step">The work.</param>
    /// <param name="stoppingToken">Stops the loop, which is not a failure.</param>
    public async Task RunAsync(
        Func<CancellationToken, ValueTask<bool>> wait,
        Func<CancellationToken, Task> step,
        CancellationToken stoppingToken
    )
    {
        try
        {
            while (await IsDueAsync(wait, stoppingToken))
            {
                await TryAsync(step, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    /// <summary>Runs the work once, for work that something else repeats, such as the messages of a channel.</summary>
    /// <returns>Whether it succeeded.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<bool> TryAsync(
        Func<CancellationToken, Task> step,
        CancellationToken stoppingToken
    )
    {
        try
        {
            await step(stoppingToken);
            lock (gate)
            {
                isFailing = false;
            }

            return true;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            throw;
        }
        catch (StoreUnavailableException)
        {
            // The store monitor reports it.
            return false;
        }
#pragma warning disable CA1031 // An unexpected exception must end neither the loop nor the service.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Report(exception);
            return false;
        }
    }

    private async Task<bool> IsDueAsync(
        Func<CancellationToken, ValueTask<bool>> wait,
        CancellationToken stoppingToken
    )
    {
        while (true)
        {
            try
            {
                return await wait(stoppingToken);
            }
#pragma warning disable CA1031 // As for the work itself.
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                Report(exception);
                await Task.Delay(Pause, time, stoppingToken);
            }
        }
    }

    private void Report(Exception exception)
    {
        lock (gate)
        {
            if (isFailing || (logged is { } last && time.GetElapsedTime(last) < Quiet))
            {
                isFailing = true;
                return;
            }

            isFailing = true;
            logged = time.GetTimestamp();
        }

        LogFailure(exception, work);
    }

    [LoggerMessage(41, LogLevel.Error, "{Work} failed and is tried again")]
    private partial void LogFailure(Exception exception, string work);
}
