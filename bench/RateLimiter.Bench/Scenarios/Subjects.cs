using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>Compares limits of several subjects with limits of users, and measures one large organisation.</summary>
internal static class Subjects
{
    private const int Plenty = 1_000_000_000;
    private const int AYear = 31_536_000;

    private static readonly string[] PerOrganisation = ["org"];

    private static readonly Limit[] Three =
    [
        new(Plenty, AYear),
        new(Plenty, 120, "sliding_window"),
        new(1_000_000, 240, "token_bucket"),
    ];

    private static readonly Rule[] Rules =
    [
        new("user", new Limit(Plenty, AYear)),
        new("org", new Limit(Plenty, AYear) { Per = PerOrganisation }),
        new("three-of-user", Three),
        new(
            "three-subjects",
            Three[0],
            Three[1] with
            {
                Per = PerOrganisation,
            },
            Three[2] with
            {
                Per = ["device"],
            }
        ),
        new("denied-user", new Limit(1, AYear)),
        new("denied-org", new Limit(1, AYear) { Per = PerOrganisation }),
    ];

    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        var service = await ServiceTarget.StartAsync([.. Rules, Probe.Rule]);
        var user = Of("one limit of the user", "user", organisations: 0);
        var three = Of("three limits of the user", "three-of-user", organisations: 0);
        var subjects = Of("three limits of three subjects", "three-subjects", organisations: 1000);
        var large = Of("one organisation of 10,000 users", "org", organisations: 1);
        var denied = Of("denied users", "denied-user", organisations: 0);
        var exhausted = Of("one exhausted organisation", "denied-org", organisations: 1);
        Contender[] contenders = [user, three, subjects, large, denied, exhausted];
        await Contender.RaceAsync(settings, contenders);
        return new Outcome(
            $"{Comparison.Of(settings, contenders)}",
            new Figure("three subjects / three limits", subjects.RatioTo(three, settings)),
            new Figure("organisation / user", large.RatioTo(user, settings)),
            new Figure("exhausted organisation / user", exhausted.RatioTo(denied, settings))
        );

        Contender Of(string name, string route, int organisations) =>
            new(name, service, new Load(route) { Organisations = organisations });
    }
}
