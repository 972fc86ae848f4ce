using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

public sealed class PolicyVersionContractTests(ContractStore store) : ContractTests(store)
{
    private static readonly PolicyKey Key = Definition().Key;

    [Test]
    public async Task ListVersions_ChangedDeletedAndMadeAnew_HasAllNewestFirst()
    {
        var client = await RegisterAsync();

        var versions = await LiveAsync(client);

        Assert.That(
            Text(await ListAsync(client, null, 100)),
            Is.EqualTo(Text(Enumerable.Reverse(versions)))
        );
    }

    [Test]
    public async Task ListVersions_OfADeletedPolicy_BeginsWithItsDeletion()
    {
        var client = await RegisterAsync();
        var versions = await LiveAsync(client);
        await DeleteAsync(client, Key, Now.AddDays(1));
        versions.Add(new PolicyVersion(7, Now.AddDays(1), Actor.KeyId, Policy: null));

        Assert.That(
            Text(await ListAsync(client, null, 100)),
            Is.EqualTo(Text(Enumerable.Reverse(versions)))
        );
        Assert.That(Numbers(await ListAsync(client, before: 7, 2)), Is.EqualTo([6, 5]));
    }

    [TestCase(null, 1, new long[] { 6 })]
    [TestCase(null, 2, new long[] { 6, 5 })]
    [TestCase(null, 6, new long[] { 6, 5, 4, 3, 2, 1 })]
    [TestCase(7L, 1, new long[] { 6 })]
    [TestCase(long.MaxValue, 2, new long[] { 6, 5 })]
    [TestCase(6L, 2, new long[] { 5, 4 })]
    [TestCase(4L, 1, new long[] { 3 })]
    [TestCase(3L, 5, new long[] { 2, 1 })]
    [TestCase(2L, 5, new long[] { 1 })]
    [TestCase(1L, 5, new long[0])]
    [TestCase(0L, 5, new long[0])]
    public async Task ListVersions_BeforeOneAndAtMostSoMany_IsThatPage(
        long? before,
        int limit,
        long[] page
    )
    {
        var client = await RegisterAsync();
        await LiveAsync(client);

        Assert.That(Numbers(await ListAsync(client, before, limit)), Is.EqualTo(page));
    }

    [Test]
    public async Task ListVersions_OfWhatNeverWas_IsEmpty()
    {
        var client = await RegisterAsync();
        await SaveAsync(client, Definition("other"));

        Assert.That(await ListAsync(client, null, 10), Is.Empty);
        Assert.That(await ListAsync(ClientId.New(), null, 10), Is.Empty);
    }

    [Test]
    public async Task ListVersions_WhenAnotherClientHasTheSamePolicy_HasTheOwnOnes()
    {
        var client = await RegisterAsync();
        await LiveAsync(client);
        var other = await RegisterAsync();
        var saved = await SaveAsync(other, Definition(description: "of the other"));

        Assert.That(
            Text(await ListAsync(other, null, 10)),
            Is.EqualTo(Text(new[] { PolicyVersion.Of(saved) }))
        );
    }

    /// <summary>A policy with six versions, of which the third and the fifth are deletions.</summary>
    private async Task<List<PolicyVersion>> LiveAsync(ClientId client)
    {
        var versions = new List<PolicyVersion>
        {
            await SaveAsync("first\nof all {\"limits\":[]}", 1),
            await SaveAsync(null, 2),
            await DeleteAsync(3),
            await SaveAsync("{}", 4),
            await DeleteAsync(5),
            await SaveAsync("😀", 6),
        };
        return versions;

        async Task<PolicyVersion> SaveAsync(string? description, int hour) =>
            PolicyVersion.Of(
                await base.SaveAsync(
                    client,
                    Definition(description: description),
                    Now.AddHours(hour)
                )
            );

        async Task<PolicyVersion> DeleteAsync(int version)
        {
            var at = Now.AddHours(version);
            await base.DeleteAsync(client, Key, at);
            return new PolicyVersion(version, at, Actor.KeyId, Policy: null);
        }
    }

    private Task<IReadOnlyList<PolicyVersion>> ListAsync(
        ClientId client,
        long? before,
        int limit
    ) => Policies.ListVersionsAsync(client, Key, before, limit, default);

    private static IEnumerable<long> Numbers(IEnumerable<PolicyVersion> versions) =>
        versions.Select(version => version.Version);
}
