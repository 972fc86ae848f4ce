using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;

namespace RateLimiter.UnitTests.Application.Background;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BackgroundLoopTests : IDisposable
{
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly CancellationTokenSource stopping = new();
    private readonly FakeLogger logger = new();
    private readonly BackgroundLoop loop;
    private readonly Queue<Exception?> outcomes = new();
    private int steps;

    public BackgroundLoopTests() => loop = new BackgroundLoop("The work", time, logger);

    public void Dispose() => stopping.Dispose();

    [Test]
    public async Task Run_StepsThatFail_GoesOnAndSaysSoOnce()
    {
        Fail(new InvalidOperationException("first"), 3);

        await RunAsync(5);

        Assert.That(steps, Is.EqualTo(5));
        Assert.That(Lines(), Is.EqualTo(["The work failed and is tried again: first"]));
    }

    [Test]
    public async Task Run_FailsAgainAfterItWorked_SaysSoAgainButNotMoreThanOnceAMinute()
    {
        foreach (var name in new[] { "first", "soon", "later" })
        {
            Fail(new InvalidOperationException(name), 1);
            await RunAsync(2);
            time.Advance(name == "first" ? TimeSpan.Zero : BackgroundLoop.Quiet);
        }

        Assert.That(
            Lines(),
            Is.EqualTo([
                "The work failed and is tried again: first",
                "The work failed and is tried again: later",
            ])
        );
    }

    [Test]
    public async Task Run_StoreThatDoesNotAnswer_GoesOnAndSaysNothing()
    {
        Fail(new StoreUnavailableException("It is away."), 1);

        await RunAsync(2);

        Assert.That(steps, Is.EqualTo(2));
        Assert.That(Lines(), Is.Empty);
    }

    // Cancelled by a timeout inside the step, and not because the service stops.
    [Test]
    public async Task Run_StepThatIsCancelledByItself_GoesOn()
    {
        Fail(new OperationCanceledException("inside"), 1);

        await RunAsync(2);

        Assert.That(steps, Is.EqualTo(2));
        Assert.That(Lines(), Is.EqualTo(["The work failed and is tried again: inside"]));
    }

    [Test]
    public async Task Run_ServiceEnds_EndsWithoutALine()
    {
        var running = loop.RunAsync(TimeSpan.FromSeconds(1), StepAsync, stopping.Token);

        await stopping.CancelAsync();

        await running.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.That(Lines(), Is.Empty);
    }

    [Test]
    public void Try_ServiceEnds_IsTold()
    {
        stopping.Cancel();

        Assert.That(
            () => loop.TryAsync(token => Task.FromCanceled(token), stopping.Token),
            Throws.InstanceOf<OperationCanceledException>()
        );
    }

    private string[] Lines() =>
        [
            .. logger
                .Collector.GetSnapshot()
                .Select(line => $"{line.Message}: {line.Exception?.Message}"),
        ];

    private void Fail(Exception exception, int times)
    {
        for (var i = 0; i < times; i++)
        {
            outcomes.Enqueue(exception);
        }
    }

    private async Task RunAsync(int times) =>
        await loop.RunAsync(_ => ValueTask.FromResult(times-- > 0), StepAsync, stopping.Token);

    private Task StepAsync(CancellationToken stoppingToken)
    {
        steps++;
        return outcomes.TryDequeue(out var failure)
            ? Task.FromException(failure!)
            : Task.CompletedTask;
    }
}
