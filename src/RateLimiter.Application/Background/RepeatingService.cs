using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace RateLimiter.Application.Background;

/// <summary>A <see cref="BackgroundLoop"/> that starts and stops with the service.</summary>
/// <param name="work">See <see cref="BackgroundLoop"/>.</param>
/// <param name="interval">The time between two runs.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">See <see cref="BackgroundLoop"/>.</param>
public abstract class RepeatingService(
    string work,
    TimeSpan interval,
    TimeProvider time,
    ILogger logger
) : BackgroundService
{
    private readonly BackgroundLoop loop = new(work, time, logger);
    private PeriodicTimer? timer;

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; } = time;

    protected ILogger Logger { get; } = logger;

    public override void Dispose()
    {
        timer?.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The work of one run. It runs again the next time, whatever it throws.</summary>
    protected abstract Task WorkAsync(CancellationToken stoppingToken);

    /// <summary>Waits for the next run: for the interval, unless overridden. False ends the loop.</summary>
    protected virtual ValueTask<bool> WaitAsync(CancellationToken stoppingToken) =>
        (timer ??= new PeriodicTimer(interval, Time)).WaitForNextTickAsync(stoppingToken);

    protected sealed override Task ExecuteAsync(CancellationToken stoppingToken) =>
        loop.RunAsync(WaitAsync, WorkAsync, stoppingToken);
}
