using StackExchange.Redis;

namespace RateLimiter.EndToEndTests;

/// <summary>DELETE /client.</summary>
public sealed class ClientDeletionTests(Store store) : ServiceFixture(store)
{
    [Test]
    [Contract("DELETE /client: deletes the client, its keys, policies, counters, logs")]
    public async Task Delete_Client_SaysWhatItDeletedAndLeavesOthersAlone()
    {
        var other = await Client.RegisterAsync(Service);
        foreach (var client in new[] { Client, other })
        {
            await client.HasPolicyAsync("r", 10);
            await client.HasPolicyAsync("*", 10);
            await client.CheckAsync("u", "r");
            await client.CheckAsync("v", "r");
            await client.CheckAsync("u", "elsewhere");
            await client.LogsAsync();
        }

        var answer = await Client.DeleteAsync();

        answer.MustBe(
            """
            {"deleted": {"policies": 2, "keys": 1, "log_entries": 3, "counters": 3}, "complete": true}
            """
        );
        (await Client.CheckAsync("u", "r")).MustBeProblem(401);
        (await Client.GetAsync("/logs/latest")).MustBeProblem(401);
        (await Client.DeleteAsync()).MustBeProblem(401);
        Assert.That(await other.PoliciesAsync(), Has.Count.EqualTo(2));
        Assert.That(await other.RemainingAsync("u", "r"), Is.EqualTo(9));
        Assert.That(await other.LogsAsync(), Has.Count.EqualTo(4));
        Assert.That(
            Service.OutputLines.Where(line => line.Contains(Client.Id)),
            Has.Exactly(1).Items.And.All.Contain("was deleted, with 2 policies, 1 keys")
        );
    }

    [Test]
    public async Task Delete_KeyWithoutAdmin_Is403AndDeletesNothing()
    {
        foreach (var scope in new[] { "check", "policy:write", "keys:write" })
        {
            var made = await Client.PostAsync(
                "/keys",
                $$"""{"name": "a key", "scopes": ["{{scope}}"]}"""
            );

            var answer = await Visitor.SendAsync(
                HttpMethod.Delete,
                "/client",
                null as string,
                ("X-API-Key", made.MustBeOk()["api_key"].GetString()!)
            );

            answer.MustBeProblem(403);
        }

        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [Test]
    public async Task Delete_UnknownParameter_IsRefused()
    {
        (await Client.SendAsync(HttpMethod.Delete, "/client?dry_run=true")).MustRefuse("dry_run");

        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [Test]
    public async Task OpenApi_Deletion_IsThere()
    {
        var operation = (await Visitor.GetAsync("/openapi.json"))["paths"]
            .GetProperty("/client")
            .GetProperty("delete");

        Assert.That(
            operation.GetProperty("responses").EnumerateObject().Select(answer => answer.Name),
            Is.SupersetOf(["200", "202", "401", "403", "503"])
        );
        Assert.That(operation.GetProperty("description").GetString(), Does.Contain("`admin`"));
    }
}

/// <summary>DELETE /client on one of two instances on one Redis, while both are in use.</summary>
[TestFixture]
public sealed class ClientDeletionOnTwoInstancesTests
{
    [Test]
    public async Task Delete_ChecksUnderWay_AreNeverFaultsAndLeaveNothing()
    {
        var (host, first) = await SharedServices.OfAsync(Store.Redis);
        var (_, second) = await SharedServices.SecondOfAsync(Store.Redis);
        var here = await Client.RegisterAsync(first);
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
[TestFixture(Store.Embedded)]
[TestFixture(Store.Redis)]
public sealed class ClientDeletionKillTests(Store store)
{
    private const int Users = 1000;

    // A deletion is considered abandoned after ten seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Test]
    public async Task Kill_WhileAClientIsDeleted_ANewServiceCompletesIt()
    {
        await using var host = await StoreHost.StartAsync(store);
        var service = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);
        var client = await Client.RegisterAsync(service);
        var other = await Client.RegisterAsync(service);
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
        if (store == Store.Redis)
        {
            await using var redis = await ConnectionMultiplexer.ConnectAsync(
                host.Redis.ConnectionString
            );
            Assert.That(
                await ClientDeletionOnTwoInstancesTests.NamesAsync(redis, client.Id),
                Is.Empty
            );
            Assert.That(
                await redis.GetDatabase().HashExistsAsync("rl:deletions", client.Id),
                Is.False
            );
        }
    }
}
