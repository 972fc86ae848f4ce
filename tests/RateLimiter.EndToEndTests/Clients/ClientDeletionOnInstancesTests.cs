using StackExchange.Redis;

namespace RateLimiter.EndToEndTests.Clients;

/// <summary>DELETE /client on one of two instances on one Redis, while both are in use.</summary>
[TestFixture]
public sealed class ClientDeletionOnTwoInstancesTests
{
    [Test]
    public async Task Delete_ChecksUnderWay_AreNeverFaultsAndLeaveNothing()
    {
        var (host, first) = await SharedServices.OfAsync(Store.Redis);
        var (_, second) = await SharedServices.SecondOfAsync(Store.Redis);
        var here = await TestClient.RegisterAsync(first);
        await here.HasPolicyAsync("r", 1_000_000);
        var there = await here.OnceOnAsync(second);
        // The first checks of a service are slower than others.
        await Poll.UntilAsync(
            "Nothing is checked.",
            TimeSpan.FromSeconds(30),
            async () =>
                (await there.CheckAsync("u", "r")).Status == 200
                && (await here.CheckAsync("u", "r")).Status == 200
        );
        var users = Enumerable.Range(0, 500).Select(i => $"user {i}").ToList();

        await using var callers = new Callers([here, there], users);
        await callers.GoOnForAsync(500);
        var deleting = here.DeleteAsync();
        await Poll.UntilAsync(
            "The key is still valid on the other instance.",
            TwoInstances.Visible,
            async () => (await there.CheckAsync("u", "r")).Status == 401
        );
        var answer = (await deleting).MustBeOk();
        var calls = await callers.StopAsync();

        Assert.That(answer["complete"].GetBoolean(), Is.True);
        Assert.That(calls.Where(call => call.Answer.Status is not (200 or 401)), Is.Empty);
        // An instance writes the decisions in its queue within a moment.
        await here.GetAsync("/health/ready");
        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            host.Redis.ConnectionString
        );
        Assert.That(await NamesAsync(redis, here.Id), Is.Empty);
    }

    internal static async Task<IReadOnlyList<string>> NamesAsync(
        IConnectionMultiplexer redis,
        string client
    )
    {
        var names = new List<string>();
        await foreach (var key in redis.GetServers()[0].KeysAsync(pattern: $"*{client}*"))
        {
            names.Add($"{key}");
        }

        return names;
    }
}

/// <summary>A service that is killed (SIGKILL) while it deletes a client.</summary>
[TestFixture]
public sealed class ClientDeletionKillTests
{
    private const int Users = 1000;

    // A deletion is considered abandoned after ten seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Test]
    public async Task Kill_WhileAClientIsDeleted_ANewServiceCompletesIt()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis);
        var service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        var other = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 10);
        await other.HasPolicyAsync("r", 10);
        var checks = string.Join(
            ',',
            Enumerable.Range(0, Users).Select(i => $$"""{"user_id": "{{i}}", "route_key": "r"}""")
        );
        await Poll.UntilAsync(
            "Not all users are checked.",
            Patience,
            async () =>
                (await client.PostAsync("/check/batch", $$"""{"checks": [{{checks}}]}"""))
                    .MustBeOk()["results"]
                    .EnumerateArray()
                    .All(result => result.TryGetProperty("allowed", out _))
        );
        (await other.CheckAsync("0", "r")).MustBeOk();
        await client.LogsAsync();

        // The counters are not deleted before the other instances are certain to know of the deletion.
        var deleting = client.DeleteAsync();
        await Poll.UntilAsync(
            "The client is not deleted.",
            Patience,
            async () => (await client.CheckAsync("0", "r")).Status == 401
        );
        await service.KillAsync();
        Assert.That(async () => await deleting, Throws.InstanceOf<HttpRequestException>());
        var again = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);

        (await (await other.OnceOnAsync(again)).CheckAsync("0", "r")).MustBeOk();
        (await client.On(again).CheckAsync("0", "r")).MustBeProblem(401);
        await Poll.UntilAsync(
            "The deletion is not completed.",
            Patience,
            () => Task.FromResult(again.Output.Contains($"Client {client.Id} was deleted"))
        );
        Assert.That(again.Output, Does.Contain($" and {Users} counters"));
        Assert.That(await other.On(again).RemainingAsync("0", "r"), Is.EqualTo(8));
        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            host.Redis.ConnectionString
        );
        Assert.That(await ClientDeletionOnTwoInstancesTests.NamesAsync(redis, client.Id), Is.Empty);
        Assert.That(await redis.GetDatabase().HashExistsAsync("rl:deletions", client.Id), Is.False);
    }
}
