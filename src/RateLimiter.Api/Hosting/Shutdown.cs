using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// Ends the service without anybody's request failing: first it is no longer ready and closes each connection with its
/// answer, so that nobody sends another request on one that is about to end; a moment later it takes no new connections
/// and finishes what it has; and then the log is written.
/// </summary>
internal sealed class Shutdown(IOptions<ShutdownOptions> options, TimeProvider time)
    : IHostedLifecycleService,
        IHealthCheck
{
    private volatile bool hasBegun;

    /// <summary>Answers a request.</summary>
    public Task AnswerAsync(HttpContext context, RequestDelegate next)
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
