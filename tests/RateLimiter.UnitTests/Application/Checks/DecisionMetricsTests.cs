using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DecisionMetricsTests : IDisposable
{
    private const string Decisions = "ratelimiter.decisions";
    private const string Duration = "ratelimiter.decision.duration";

    private static readonly TimeSpan Took = TimeSpan.FromMilliseconds(2);

    private readonly Meters meters = new();
    private readonly DecisionMetrics metrics;

    public DecisionMetricsTests() => metrics = TestData.DecisionMetrics(meters);

    public void Dispose() => meters.Dispose();

    [Test]
    public void Record_AnyAlgorithm_IsCountedUnderItsName([Values] Algorithm algorithm)
    {
        meters.Listen();

        metrics.Record(Of([algorithm]), Took);

        var name = string.Concat(
            $"{algorithm}".Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{c}" : $"{c}")
        );
        Assert.That(
            meters.Read()[
                $"{Decisions} outcome=allowed algorithm={name.ToLowerInvariant()} degraded=false"
            ],
            Is.EqualTo(1)
        );
    }

    [TestCase(0, PolicyMode.Enforce, false, "outcome=allowed", "degraded=false")]
    [TestCase(7, PolicyMode.Enforce, false, "outcome=denied", "degraded=false")]
    [TestCase(7, PolicyMode.Shadow, false, "outcome=shadow_denied", "degraded=false")]
    [TestCase(7, PolicyMode.Enforce, true, "outcome=denied", "degraded=true")]
    public void Record_AnyOutcome_IsCountedUnderIt(
        long wait,
        PolicyMode mode,
        bool degraded,
        string outcome,
        string attribute
    )
    {
        meters.Listen();
        var decision = Of([Algorithm.SlidingLog, Algorithm.FixedWindow], wait, mode) with
        {
            Degraded = degraded,
        };

        metrics.Record(decision, Took);
        metrics.Record(decision, Took);

        using (Assert.EnterMultipleScope())
        {
            var read = meters.Read();
            Assert.That(
                read.Where(it => it.Key.StartsWith($"{Decisions} ", StringComparison.Ordinal)),
                Is.EqualTo(
                    new Dictionary<string, double>
                    {
                        [$"{Decisions} {outcome} algorithm=mixed {attribute}"] = 2,
                    }
                )
            );
            Assert.That(read[Duration], Is.EqualTo(2 * Took.TotalSeconds));
        }
    }

    [Test]
    public void Record_BeforeSomebodyListens_IsCountedWithoutItsTime()
    {
        metrics.Record(Of([Algorithm.FixedWindow]), Took);

        Assert.That(
            meters.Listen().Read().Keys,
            Is.EqualTo(
                new[] { $"{Decisions} outcome=allowed algorithm=fixed_window degraded=false" }
            )
        );
    }

    [Test]
    public void Record_MetricsAreOff_CountsNothing()
    {
        TestData.DecisionMetrics(meters, isOn: false).Record(Of([Algorithm.FixedWindow]), Took);

        Assert.That(meters.Listen().Read(), Is.Empty);
    }

    [Test]
    public void Record_ManyAtOnce_AreAllCounted()
    {
        meters.Listen();
        var decision = Of([Algorithm.TokenBucket]);

        Parallel.For(0, 10_000, _ => metrics.Record(decision, TimeSpan.Zero));

        Assert.That(
            meters.Read()[$"{Decisions} outcome=allowed algorithm=token_bucket degraded=false"],
            Is.EqualTo(10_000)
        );
    }

    private static Decision Of(
        IReadOnlyList<Algorithm> algorithms,
        long wait = 0,
        PolicyMode mode = PolicyMode.Enforce
    )
    {
        var policy = TestData.Policy(
            mode: mode,
            limits: [.. algorithms.Select(it => TestData.Limit($"{it}", algorithm: it))]
        );
        return Decision.From(
            policy,
            [.. algorithms.Select(_ => new LimitStatus(wait, 0, wait, 0))],
            TestData.Moment
        );
    }
}
