using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Counts decisions and measures how long they took. Counts are kept in memory and read when they are collected; only
/// durations are recorded immediately, because there is no observable histogram.
/// </summary>
public sealed class DecisionMetrics
{
    private const int Outcomes = 3;
    private const string Mixed = "mixed";

    private static readonly string[] OutcomeNames = ["allowed", "denied", "shadow_denied"];

    // The last name is for policies whose limits use different algorithms.
    private static readonly string[] AlgorithmNames =
    [
        .. Enum.GetValues<Algorithm>().Select(NameOf),
        Mixed,
    ];

    private static readonly KeyValuePair<string, object?>[][] Attributes =
    [
        .. from degraded in new[] { "false", "true" }
        from algorithm in AlgorithmNames
        from outcome in OutcomeNames
        select new KeyValuePair<string, object?>[]
        {
            new("outcome", outcome),
            new("algorithm", algorithm),
            new("degraded", degraded),
        },
    ];

    private static readonly KeyValuePair<string, object?>[][] EffectAttributes =
    [
        .. Enum.GetValues<OverrideEffect>()
            .Select(effect =>
                new[] { KeyValuePair.Create<string, object?>("effect", NameOf(effect)) }
            ),
    ];

    private readonly StripedCount counts = new(Attributes.Length);
    private readonly StripedCount overridden = new(EffectAttributes.Length);
    private readonly bool isOn;
    private readonly Histogram<double> durations;

    public DecisionMetrics(IMeterFactory meters, IOptions<MetricsOptions> options)
    {
        isOn = options.Value.Enabled;
        var meter = meters.Create(Instrumentation.Name);
        meter.CreateObservableCounter(
            "ratelimiter.decisions",
            ObserveDecisions,
            "{decision}",
            "Decided checks, by outcome, algorithm of the policy, and whether they were decided without the store."
        );
        meter.CreateObservableCounter(
            "ratelimiter.decisions.overridden",
            ObserveOverridden,
            "{decision}",
            "Decided checks to which an override applied, by its effect."
        );
        durations = meter.CreateHistogram(
            "ratelimiter.decision.duration",
            "s",
            "How long a decision took, without reading the request and writing the response.",
            tags: null,
            advice: Instrumentation.Durations
        );
    }

    /// <summary>Counts a decision, also when nothing listens to the meter yet.</summary>
    public void Record(Decision decision, TimeSpan took)
    {
        if (isOn)
        {
            counts.Add(KindOf(decision));
            if (decision.Policy.OverriddenBy is { } it)
            {
                overridden.Add((int)it.Effect);
            }

            durations.Record(took.TotalSeconds);
        }
    }

    private static int KindOf(Decision decision)
    {
        var outcome =
            !decision.Allowed ? 1
            : decision.ShadowDenied ? 2
            : 0;
        var limits = decision.Policy.Limits;
        var algorithm = (int)limits[0].Algorithm;
        for (var i = 1; i < limits.Count; i++)
        {
            if (limits[i].Algorithm != limits[0].Algorithm)
            {
                algorithm = AlgorithmNames.Length - 1;
            }
        }

        return (((decision.Degraded ? AlgorithmNames.Length : 0) + algorithm) * Outcomes) + outcome;
    }

    // The name that callers use.
    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{value}");

    // Most of the many combinations never occur.
    private IEnumerable<Measurement<long>> ObserveDecisions()
    {
        for (var kind = 0; kind < Attributes.Length; kind++)
        {
            if (counts.Read(kind) is > 0 and var count)
            {
                yield return new Measurement<long>(count, Attributes[kind]);
            }
        }
    }

    private IEnumerable<Measurement<long>> ObserveOverridden() =>
        EffectAttributes.Select(
            (attributes, effect) => new Measurement<long>(overridden.Read(effect), attributes)
        );
}
