using System.Diagnostics;
using MediatR;

namespace RateLimiter.Application.Telemetry;

/// <summary>
/// Makes a span of each use case, named after its message. Where nobody listens it costs a question; a pipeline behaviour would
/// cost every check what it allocates.
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
            // Not what it says, which may quote the request.
            span?.SetTag("error.type", exception.GetType().FullName);
            span?.SetStatus(ActivityStatusCode.Error);
            throw;
        }
    }
}
