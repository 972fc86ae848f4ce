using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.UnitTests.Domain.Overrides;

namespace RateLimiter.UnitTests.Application.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DecisionMetricsTests : IDisposable
{
    private const string Decisions = "ratelimiter.decisions";
    private const string Duration = "ratelimiter.decision.duration";

    private static readonly TimeSpan Took = TimeSpan.FromMilliseconds(2);

    private readonly IMeterFactory meters = TestData.Meters();
    private readonly DecisionMetrics metrics;

    public DecisionMetricsTests() => metrics = TestData.DecisionMetrics(meters);

    public void Dispose() => meters.Dispose();

    [Test]
    public void Record_AnyAlgorithm_IsCountedUnderItsName([Values] Algorithm algorithm)
    {
        using var decisions = Collect<long>(Decisions);

        metrics.Record(Of([algorithm]), Took);

        var name = string.Concat(
            $"{algorithm}".Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{c}" : $"{c}")
        );
        Assert.That(
            Counts(decisions),
            Is.EqualTo([("allowed", name.ToLowerInvariant(), "false", 1L)])
        );
    }

    [TestCase(0, PolicyMode.Enforce, false, "allowed", "false")]
    [TestCase(7, PolicyMode.Enforce, false, "denied", "false")]
    [TestCase(7, PolicyMode.Shadow, false, "shadow_denied", "false")]
    [TestCase(7, PolicyMode.Enforce, true, "denied", "true")]
    public void Record_AnyOutcome_IsCountedUnderIt(
        long wait,
        PolicyMode mode,
        bool isDegraded,
        string outcome,
        string degraded
    )
    {
        using var decisions = Collect<long>(Decisions);
        using var durations = Collect<double>(Duration);
        var decision = Of([Algorithm.SlidingLog, Algorithm.FixedWindow], wait, mode) with
        {
            Degraded = isDegraded,
        };

        metrics.Record(decision, Took);
        metrics.Record(decision, Took);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Counts(decisions), Is.EqualTo([(outcome, "mixed", degraded, 2L)]));
            Assert.That(
                durations.GetMeasurementSnapshot().Select(it => it.Value),
                Is.EqualTo([Took.TotalSeconds, Took.TotalSeconds])
            );
        }
    }

    [Test]
    public void Record_Overridden_IsCountedByTheEffectToo([Values] OverrideEffect effect)
    {
        using var overridden = Collect<long>("ratelimiter.decisions.overridden");
        var it =
            effect == OverrideEffect.Limits
                ? OverrideCases.Limits()
                : OverrideCases.Definition(effect: effect);
        var policy = TestData.Policy();

        metrics.Record(TestData.Decision(policy), Took);
        metrics.Record(TestData.Decision(policy.Under(OverrideCases.Of(it))), Took);

        overridden.RecordObservableInstruments();
        // The other effects are there from the beginning.
        Assert.That(
            overridden
                .GetMeasurementSnapshot()
                .ToDictionary(it => $"{it.Tags["effect"]}", it => it.Value),
            Is.EquivalentTo(
                Enum.GetValues<OverrideEffect>()
                    .ToDictionary(
                        other => $"{other}".ToLowerInvariant(),
                        other => other == effect ? 1L : 0L
                    )
            )
        );
    }

    [Test]
    public void Record_BeforeSomebodyListens_IsCountedWithoutItsTime()
    {
        metrics.Record(Of([Algorithm.FixedWindow]), Took);

        using var decisions = Collect<long>(Decisions);
        using var durations = Collect<double>(Duration);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Counts(decisions), Is.EqualTo([("allowed", "fixed_window", "false", 1L)]));
            Assert.That(durations.GetMeasurementSnapshot(), Is.Empty);
        }
    }

    [Test]
    public void Record_MetricsAreOff_CountsNothing()
    {
        using var others = TestData.Meters();
        var off = TestData.DecisionMetrics(others, isOn: false);
        using var decisions = Collect<long>(Decisions, others);
        using var durations = Collect<double>(Duration, others);

        off.Record(Of([Algorithm.FixedWindow]), Took);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Counts(decisions), Is.Empty);
            Assert.That(durations.GetMeasurementSnapshot(), Is.Empty);
        }
    }

    [Test]
    public void Record_ManyAtOnce_AreAllCounted()
    {
        using var decisions = Collect<long>(Decisions);
        using var durations = Collect<double>(Duration);
        var decision = Of([Algorithm.TokenBucket]);

        Parallel.For(0, 10_000, _ => metrics.Record(decision, TimeSpan.Zero));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Counts(decisions),
                Is.EqualTo([("allowed", "token_bucket", "false", 10_000L)])
            );
            Assert.That(durations.GetMeasurementSnapshot(), Has.Count.EqualTo(10_000));
        }
    }

    private MetricCollector<T> Collect<T>(string instrument, IMeterFactory? from = null)
        where T : struct => new(from ?? meters, Instrumentation.Name, instrument);

    /// <summary>What is observed now: outcome, algorithm, whether it was degraded, and the count.</summary>
    private static IEnumerable<(string, string, string, long)> Counts(
        MetricCollector<long> decisions
    )
    {
        decisions.RecordObservableInstruments();
        return decisions
            .GetMeasurementSnapshot(clear: true)
            .Select(it =>
                (
                    $"{it.Tags["outcome"]}",
                    $"{it.Tags["algorithm"]}",
                    $"{it.Tags["degraded"]}",
                    it.Value
                )
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
            TestData.Plan(policy),
            [.. algorithms.Select(_ => new LimitStatus(wait, 0, wait, 0))],
            TestData.Moment
        );
    }
}
