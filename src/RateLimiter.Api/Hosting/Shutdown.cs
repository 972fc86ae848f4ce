using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// Stops the service gracefully, without a failed request: first it is no longer ready and closes each connection with its
/// response, so that no request is sent on a connection that is about to close; a moment later it accepts no new connections
/// and completes the requests in progress; then the log is written.
/// </summary>
internal sealed class Shutdown(IOptions<ShutdownOptions> options, TimeProvider time)
    : IHostedLifecycleService,
        IHealthCheck
{
    private volatile bool hasBegun;

    /// <summary>Handles a request.</summary>
    public Task CloseConnectionAsync(HttpContext context, RequestDelegate next)
    {
        if (hasBegun)
        {
            context.Response.Headers.Connection = "close";
        }

        return next(context);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        hasBegun = true;
        await Task.Delay(TimeSpan.FromMilliseconds(options.Value.DelayMs), time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default
    ) =>
        Task.FromResult(
            hasBegun
                ? HealthCheckResult.Unhealthy("The service is stopping.")
                : HealthCheckResult.Healthy()
        );

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
