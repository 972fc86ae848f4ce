using System.Text.Json;

namespace RateLimiter.ApiTests.Clients;

/// <summary>DELETE /client.</summary>
public sealed class ClientDeletionTests : ServiceFixture
{
    [Test]
    [Contract("DELETE /client: deletes the client, its keys, policies, counters, logs")]
    public async Task Delete_Client_SaysWhatItDeletedAndLeavesOthersAlone()
    {
        var other = await TestClient.RegisterAsync(Service);
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
    [Contract("DELETE /client: 202 with what is deleted so far, when that is not all")]
    public async Task Delete_ServiceStopsMeanwhile_Is202AndSaysWhatIsDeletedSoFar()
    {
        await using var host = await StoreHost.StartAsync();
        var service = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 10);
        (await client.CheckAsync("u", "r")).MustBeOk();
        await client.LogsAsync();

        // The counters are not deleted before the other instances are certain to know of the deletion.
        var deleting = client.DeleteAsync();
        await Poll.UntilAsync(
            "The client is not deleted.",
            TimeSpan.FromSeconds(10),
            // Not by a check, which would be an entry of the log.
            async () => (await client.GetAsync("/policy")).Status == 401
        );
        await service.DisposeAsync();
        var answer = (await deleting).MustBeStatus(202);

        Assert.That(
            JsonElement.DeepEquals(
                answer.Body,
                JsonElement.Parse(
                    """
                    {"deleted": {"policies": 1, "keys": 1, "log_entries": 1, "counters": 0}, "complete": false}
                    """
                )
            ),
            answer.Text
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
