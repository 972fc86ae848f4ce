using System.Diagnostics;
using MediatR;

namespace RateLimiter.Application.Telemetry;

/// <summary>
/// Starts a span for each use case, named after its message. Without a listener it costs one condition; a pipeline behaviour
/// would add its allocations to every check.
/// </summary>
internal sealed class TracingMediator(ServiceFactory services) : Mediator(services), IMediator
{
    Task<TResponse> IMediator.Send<TResponse>(
        IRequest<TResponse> request,
        CancellationToken cancellationToken
    ) =>
        Instrumentation.Spans.HasListeners()
            ? SendTracedAsync(request, cancellationToken)
            : Send(request, cancellationToken);

    private async Task<TResponse> SendTracedAsync<TResponse>(
        IRequest<TResponse> request,
        CancellationToken cancellationToken
    )
    {
        using var span = Instrumentation.Spans.StartActivity(request.GetType().Name);
        try
        {
            return await Send(request, cancellationToken);
        }
        catch (Exception exception)
        {
            // Not the message, which may quote the request.
            span?.SetTag("error.type", exception.GetType().FullName);
            span?.SetStatus(ActivityStatusCode.Error);
            throw;
        }
    }
}
