using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Checks;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BatchSpanTests : IDisposable
{
    private readonly Traces traces = new();
    private readonly List<TaskCompletionSource<Decision?[]>> calls = [];
    private readonly List<Activity?> current = [];
    private readonly CheckBatcher batcher;

    public BatchSpanTests() =>
        batcher = new CheckBatcher(
            _ =>
            {
                current.Add(Activity.Current);
                calls.Add(new());
                return calls[^1].Task;
            },
            TimeSpan.FromSeconds(1),
            new FakeTimeProvider(TestData.Moment)
        );

    public void Dispose()
    {
        batcher.Dispose();
        traces.Dispose();
    }

    [Test]
    public async Task Decide_ALoneCheck_IsASpanOfItsTrace()
    {
        using var request = Traces.Begin();

        var check = batcher.DecideAsync(Request());
        calls[0].SetResult([null]);
        await check;

        var span = traces.Of(request).Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(span, Is.SameAs(current[0]));
            Assert.That(span.ParentSpanId, Is.EqualTo(request.SpanId));
            Assert.That(span.GetTagItem("ratelimiter.checks"), Is.EqualTo(1));
            Assert.That(span.Links, Is.Empty);
            Assert.That(Activity.Current, Is.SameAs(request));
        }
    }

    [Test]
    public async Task Decide_ChecksOfManyTraces_AreLinkedWithTheCallThatTheyShare()
    {
        var (first, firstCheck) = Ask();
        var (second, secondCheck) = Ask();
        var (third, thirdCheck) = Ask();
        var (fourth, fourthCheck) = Ask();

        calls[0].SetResult([null]);
        await firstCheck;
        calls[2].SetResult([null, null]);
        await Task.WhenAll(thirdCheck, fourthCheck);
        calls[1].SetResult([null]);
        await secondCheck;

        var shared = traces.Of(third).Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(shared.ParentSpanId, Is.EqualTo(third.SpanId));
            Assert.That(shared.GetTagItem("ratelimiter.checks"), Is.EqualTo(2));
            Assert.That(
                shared.Links.Select(link => link.Context.SpanId),
                Is.EqualTo(new[] { fourth.SpanId })
            );
            Assert.That(
                fourth.Links.Select(link => link.Context.SpanId),
                Is.EqualTo(new[] { shared.SpanId })
            );
            Assert.That(traces.Of(fourth), Is.Empty);
            Assert.That(traces.Of(first), Has.Count.EqualTo(1));
            Assert.That(traces.Of(second), Has.Count.EqualTo(1));
        }
    }

    [Test]
    public async Task Decide_UntracedAfterATracedOne_IsNoPartOfItsTrace()
    {
        var (first, firstCheck) = Ask();
        var (_, secondCheck) = Ask();
        Activity.Current = null;
        var untraced = batcher.DecideAsync(Request());

        calls[0].SetResult([null]);
        await firstCheck;
        calls[1].SetResult([null]);
        calls[2].SetResult([null]);
        await Task.WhenAll(secondCheck, untraced);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(current[2], Is.Null);
            Assert.That(traces.Of(first), Has.Count.EqualTo(1));
        }
    }

    private (Activity Request, Task<Decision?> Check) Ask()
    {
        var request = Traces.Begin();
        return (request, batcher.DecideAsync(Request()));
    }

    private static KeyedPlan Request() =>
        new KeyedPlan(
            new CheckPlan(
                new Subject(TestData.Client, "alice", RouteKey: null),
                TestData.Policy(),
                Cost: 1
            )
        );
}
