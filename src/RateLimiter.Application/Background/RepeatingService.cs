using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace RateLimiter.Application.Background;

/// <summary>A <see cref="BackgroundLoop"/> that begins and ends with the service.</summary>
/// <param name="work">As <see cref="BackgroundLoop"/> has it.</param>
/// <param name="interval">From one time to the next.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">As <see cref="BackgroundLoop"/> has it.</param>
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

    /// <summary>What is to be done each time. Whatever it throws, it is done the next time.</summary>
    protected abstract Task WorkAsync(CancellationToken stoppingToken);

    /// <summary>Waits for the next time: as long as the interval, unless it is overridden. False ends it for good.</summary>
    protected virtual ValueTask<bool> WaitAsync(CancellationToken stoppingToken) =>
        (timer ??= new PeriodicTimer(interval, Time)).WaitForNextTickAsync(stoppingToken);

    protected sealed override Task ExecuteAsync(CancellationToken stoppingToken) =>
        loop.RunAsync(WaitAsync, WorkAsync, stoppingToken);
}
