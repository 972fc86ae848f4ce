using System.Net.Http.Json;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>
/// Whether a check costs more when the store contains much: compares many live subjects, policies and tenants with one
/// tenant with few. And compares two instances on one Redis with one. The load is drawn at random from all subjects.
/// </summary>
internal static class Scale
{
    private const string Route = "scale";
    private const int ChecksPerBatch = 1000;
    private const int CallsAtOnce = 4;
    private const int Requests = 100_000;

    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        var few = await StartAsync(new ScaleSettings(Subjects: 10_000, Policies: 10, Tenants: 1));
        var many = await StartAsync(settings.Scale);
        await Contender.RaceAsync(settings, few, many);
        var instances = await CompareInstancesAsync(few, settings);
        return new Outcome(
            $"{Comparison.Of(settings, few, many)}",
            new Figure("scale", many.RatioTo(few, settings)),
            new Figure("two instances", instances)
        );
    }

    private static async Task<Contender> StartAsync(ScaleSettings scale)
    {
        var service = await ServiceTarget.StartAsync([Probe.Rule]);
        var users = scale.Subjects / scale.Tenants;
        var routes = scale.Policies / scale.Tenants;
        var limits = Throughput.Rules[0].Limits;
        var rules = Enumerable
            .Range(0, routes)
            .Select(route => new Rule($"{Route}-{route}", limits))
            .ToList();
        var keys = new string[scale.Tenants];
        await ForEachTenantAsync(async tenant => keys[tenant] = await service.RegisterAsync(rules));
        await ForEachTenantAsync(tenant => FillAsync(service, keys[tenant], users, routes));
        var keysInStore = await service.Store!.CountKeysAsync();
        if (keysInStore < (long)users * scale.Tenants)
        {
            throw new BenchException($"The store has only {keysInStore} keys.");
        }

        return new Contender(
            $"{Table.Cell(scale.Subjects)} subjects, {Table.Cell(scale.Policies)} policies, {Table.Cell(scale.Tenants)} tenants",
            service,
            new Load(Route)
            {
                Tenants = keys,
                Users = users,
                Routes = routes,
                Requests = Requests,
            }
        );

        Task ForEachTenantAsync(Func<int, Task> act) =>
            Parallel.ForAsync(
                0,
                scale.Tenants,
                new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce },
                async (tenant, _) => await act(tenant)
            );
    }

    private static async Task FillAsync(Target service, string apiKey, int users, int routes)
    {
        using var http = service.CreateClient(apiKey);
        foreach (var part in Enumerable.Range(0, users).Chunk(ChecksPerBatch))
        {
            var checks = part.Select(user => new
            {
                user_id = $"user-{user}",
                route_key = $"{Route}-{user % routes}",
            });
            using var response = await http.PostAsJsonAsync("/check/batch", new { checks });
            response.EnsureSuccessStatusCode();
        }
    }

    // The same two halves of the load go to one instance, or to one instance each.
    private static async Task<double> CompareInstancesAsync(Contender contender, Settings settings)
    {
        var one = contender.Target;
        var another = await ServiceTarget.RunAsync(new TemporaryFolder(), one.Store, one.ApiKey);
        var half = contender.Load with { Connections = contender.Load.Connections / 2 };
        await half.RunAsync(another, 2 * settings.WarmUp);
        List<double> ratios = [];
        for (var round = 0; round < settings.Rounds; round++)
        {
            var alone = await RateAsync(one, one);
            ratios.Add(await RateAsync(one, another) / alone);
        }

        return Settings.Median(ratios);

        async Task<double> RateAsync(params IEnumerable<Target> targets)
        {
            var runs = targets.Select(target => half.RunAsync(target, settings.Duration));
            var results = await Task.WhenAll(runs);
            return results.Sum(result => result.RequestsPerSecond);
        }
    }
}
