using System.Net.Http.Json;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>
/// Whether a check costs more when there is much in the store: many live subjects, policies and tenants beside one
/// tenant with one policy. And two instances on one Redis beside one. The load is drawn at random from all subjects.
/// </summary>
internal static class Scale
{
    private const string Route = "scale";
    private const int ChecksPerBatch = 1000;
    private const int CallsAtOnce = 8;

    public static async Task<Outcome> RunAsync(
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        await using var owned = new Owned();
        var few = await StartAsync(
            owned,
            new ScaleSettings
            {
                Subjects = Load.DefaultUsers,
                Policies = 10,
                Tenants = 1,
            },
            cancellationToken
        );
        var many = await StartAsync(owned, settings.Scale, cancellationToken);
        await Contender.RaceAsync([few, many], settings, cancellationToken);

        var second = owned.Add(await ServiceTarget.StartBesideAsync(few.Target, cancellationToken));
        var table = Table.Of([few, many], settings);
        var instances = await CompareInstancesAsync(few, second, settings, cancellationToken);
        return new Outcome(
            $"{table}",
            new Figure("scale", Throughput.Ratio(many, few, settings)),
            new Figure("two instances", instances)
        );
    }

    private static async Task<Contender> StartAsync(
        Owned owned,
        ScaleSettings scale,
        CancellationToken cancellationToken
    )
    {
        var service = (ServiceTarget)
            owned.Add(await ServiceTarget.StartAsync([Probe.Rule], cancellationToken));
        var routes = scale.Policies / scale.Tenants;
        var rules = Enumerable
            .Range(0, routes)
            .Select(route => new Rule($"{Route}-{route}", Throughput.Allowing.Limits))
            .ToList();
        var keys = new string[scale.Tenants];
        var users = scale.Subjects / scale.Tenants;
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = CallsAtOnce,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForAsync(
            0,
            scale.Tenants,
            parallel,
            async (tenant, cancellation) =>
            {
                keys[tenant] = await service.RegisterAsync(rules, cancellation);
                await FillAsync(service, keys[tenant], users, routes, cancellation);
            }
        );
        var name = FormattableString.Invariant(
            $"{scale.Subjects:N0} subjects, {scale.Policies:N0} policies, {scale.Tenants:N0} tenants"
        );
        return new Contender(
            name,
            service,
            new Load(Route)
            {
                Tenants = keys,
                Users = users,
                Routes = routes,
            }
        );
    }

    private static async Task FillAsync(
        ServiceTarget service,
        string apiKey,
        int users,
        int routes,
        CancellationToken cancellationToken
    )
    {
        using var http = service.CreateClient(apiKey);
        foreach (var part in Enumerable.Range(0, users).Chunk(ChecksPerBatch))
        {
            var checks = part.Select(user => new
            {
                user_id = Target.User(user),
                route_key = $"{Route}-{user % routes}",
            });
            using var response = await http.PostAsJsonAsync(
                "/check/batch",
                new { checks },
                cancellationToken
            );
            response.EnsureSuccessStatusCode();
        }
    }

    // The same two halves of the load go to one instance, or to one each.
    private static async Task<double> CompareInstancesAsync(
        Contender first,
        Target second,
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        var half = first.Load with { Connections = Load.DefaultConnections / 2 };
        await half.RunAsync(second, settings.WarmUp, cancellationToken);
        List<double> ratios = [];
        for (var round = 0; round < settings.Rounds; round++)
        {
            var one = await RateAsync(first.Target, first.Target);
            var two = await RateAsync(first.Target, second);
            ratios.Add(two / one);
        }

        return settings.Pick(ratios);

        async Task<double> RateAsync(params IEnumerable<Target> targets)
        {
            var results = await Task.WhenAll(
                targets.Select(target =>
                    half.RunAsync(target, settings.Duration, cancellationToken)
                )
            );
            return results.Sum(result => result.RequestsPerSecond);
        }
    }
}
