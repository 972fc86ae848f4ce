using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;

namespace RateLimiter.Application.Telemetry;

/// <summary>
/// Metrics that are read from memory when they are collected. Their instruments are created when the service starts.
/// </summary>
/// <param name="meters">Creates the meter.</param>
public abstract class ObservedMetrics(IMeterFactory meters) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        AddInstruments(meters.Create(Instrumentation.Name));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Creates the instruments.</summary>
    /// <param name="meter">The meter of the service.</param>
    protected abstract void AddInstruments(Meter meter);
}
