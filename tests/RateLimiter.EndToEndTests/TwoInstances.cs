namespace RateLimiter.EndToEndTests;

/// <summary>What holds for a tenant who calls two instances of the service, whichever store they share.</summary>
public static class TwoInstances
{
    /// <summary>The longest that a change may go unseen on the other instance.</summary>
    public static readonly TimeSpan Visible = TimeSpan.FromSeconds(1);

    /// <summary>
    /// 200 checks in parallel under the policy of route r, whose limit is 10, take exactly its permits. No permit may
    /// come back meanwhile.
    /// </summary>
    public static async Task MustAllowExactlyTenAsync(Client here, Client there)
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? here : there).CheckAsync("u", "r"))
        );

        Assert.That(
            answers.Where(answer => answer.MustBeOk().Allowed).Select(answer => answer.Remaining),
            Is.EquivalentTo(Enumerable.Range(0, 10))
        );
    }

    /// <summary>A limit that is saved here is enforced there, and what was used there still counts.</summary>
    public static async Task MustEnforceWhatWasSavedAsync(Client here, Client there)
    {
        await here.HasPolicyAsync("r", 10);
        await there.CheckAsync("u", "r");

        await here.HasPolicyAsync("r", 50);

        await Poll.UntilAsync(
            "The new limit is not enforced on the other instance.",
            Visible,
            async () => (await there.CheckAsync("u", "r", cost: 0))["limit"].GetInt64() == 50
        );
        Assert.That(await there.RemainingAsync("u", "r"), Is.EqualTo(49));
    }
}
