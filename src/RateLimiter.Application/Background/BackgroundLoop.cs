using Microsoft.Extensions.Logging;
using RateLimiter.Application.Stores;

namespace RateLimiter.Application.Background;

/// <summary>
/// Work that is done again and again beside the requests, and that nothing ends but the service: what fails is logged when
/// it begins to fail, and is done the next time all the same. There is no other loop in the background.
/// </summary>
/// <param name="work">What it is, as the log's line begins: "The comparison of the copies".</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told once of each row of failures, and once a minute at most.</param>
public sealed partial class BackgroundLoop(string work, TimeProvider time, ILogger logger)
{
    /// <summary>Work that fails now and then would fill the log.</summary>
    internal static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    // Where it is the waiting that fails, nothing else keeps it from failing all the time.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private long? logged;
    private bool isFailing;

    /// <summary>Works at each tick of a clock, and not before the first.</summary>
    /// <param name="interval">From tick to tick.</param>
    /// <param name="step">The work.</param>
    /// <param name="stoppingToken">Ends it; that is no failure.</param>
    public async Task RunAsync(
        TimeSpan interval,
        Func<CancellationToken, Task> step,
        CancellationToken stoppingToken
    )
    {
        using var timer = new PeriodicTimer(interval, time);
        await RunAsync(timer.WaitForNextTickAsync, step, stoppingToken);
    }

    /// <summary>Works whenever there is something to do.</summary>
    /// <param name="wait">Waits until there is; false ends the loop.</param>
    /// <param name="step">The work.</param>
    /// <param name="stoppingToken">Ends it; that is no failure.</param>
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
            // The service ends.
        }
    }

    /// <summary>Works once, for work that something else repeats, such as the messages of a channel.</summary>
    /// <returns>Whether it was done.</returns>
    /// <exception cref="OperationCanceledException">It was ended by the token.</exception>
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
            // Who watches the store says so.
            return false;
        }
#pragma warning disable CA1031 // What nobody is prepared for must end neither the work nor the service.
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
#pragma warning disable CA1031 // As of the work itself.
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
