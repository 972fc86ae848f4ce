using System.Diagnostics;
using MediatR;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.UnitTests.Application.Telemetry;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TracingMediatorTests : IDisposable
{
    private readonly Traces traces = new();

    public void Dispose() => traces.Dispose();

    [Test]
    public async Task Send_SomebodyListens_MakesASpanOfTheMessage()
    {
        using var request = Traces.Begin();

        var answer = await SendAsync(() => Activity.Current!.OperationName);

        var span = traces.Of(request).Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer, Is.EqualTo(nameof(Ask)));
            Assert.That(span.OperationName, Is.EqualTo(nameof(Ask)));
            Assert.That(span.ParentSpanId, Is.EqualTo(request.SpanId));
            Assert.That(span.Status, Is.EqualTo(ActivityStatusCode.Unset));
            Assert.That(span.TagObjects, Is.Empty);
        }
    }

    [Test]
    public void Send_HandlerFails_SaysWhatButNotTheMessage()
    {
        using var request = Traces.Begin();

        Assert.ThrowsAsync<InvalidOperationException>(() =>
            SendAsync(() => throw new InvalidOperationException("alice"))
        );

        var span = traces.Of(request).Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(span.Status, Is.EqualTo(ActivityStatusCode.Error));
            Assert.That(span.StatusDescription, Is.Null);
            Assert.That(
                span.GetTagItem("error.type"),
                Is.EqualTo(typeof(InvalidOperationException).FullName)
            );
        }
    }

    private static Task<string> SendAsync(Func<string> answer) =>
        (
            (IMediator)
                new TracingMediator(type =>
                    type == typeof(IRequestHandler<Ask, string>)
                        ? new AskHandler(answer)
                        : Array.Empty<IPipelineBehavior<Ask, string>>()
                )
        ).Send(new Ask());

    private sealed record Ask : IRequest<string>;

    private sealed class AskHandler(Func<string> answer) : IRequestHandler<Ask, string>
    {
        public Task<string> Handle(Ask request, CancellationToken cancellationToken) =>
            Task.FromResult(answer());
    }
}
