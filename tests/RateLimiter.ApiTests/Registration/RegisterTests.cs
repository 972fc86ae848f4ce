namespace RateLimiter.ApiTests.Registration;

/// <summary>POST /register. Its limit has its own tests: <see cref="RegistrationLimitTests"/>.</summary>
public sealed class RegisterTests : ServiceFixture
{
    [Test]
    [Contract("""POST /register: {"name"} → 200 {"api_key", "client_id"}""")]
    public async Task Register_Name_AnswersKeyAndClientId()
    {
        var answer = await Visitor.RegisterAsync("My app");

        answer.MustBeOk();
        Assert.That(
            answer.Body.EnumerateObject().Select(member => member.Name),
            Is.EquivalentTo(["api_key", "client_id"])
        );
        Assert.That(answer["client_id"].GetString(), Does.Match("^[0-9A-Za-z]{16}$"));
    }

    [Test]
    [Contract("POST /register: no cache stores the key")]
    public async Task Register_Name_AnswersWhatNoCacheKeeps()
    {
        var answer = (await Visitor.RegisterAsync("My app")).MustBeOk();

        Assert.That(answer.Headers["Cache-Control"], Is.EqualTo("no-store"));
    }

    [Test]
    [Contract("POST /register: the key works")]
    public async Task Register_Name_AnswersKeyThatWorks()
    {
        (await Client.GetAsync("/policy")).MustBe("[]");
    }

    [Test]
    [Contract("API keys: 256 random bits, recognisable prefix")]
    public void Register_Name_AnswersKeyWithPrefixAndAtLeast256Bits()
    {
        // 43 letters and digits are 256 bits.
        Assert.That(Client.Key, Does.Match("^rl_[0-9A-Za-z]{16}_[0-9A-Za-z]{43,}$"));
    }

    [Test]
    [Contract("POST /register: every registration is a separate client")]
    public async Task Register_SameNameTwice_GivesTwoClients()
    {
        var first = await Visitor.RegisterAsync("Twice");
        var second = await Visitor.RegisterAsync("Twice");

        Assert.That(second["api_key"].GetString(), Is.Not.EqualTo(first["api_key"].GetString()));
        Assert.That(
            second["client_id"].GetString(),
            Is.Not.EqualTo(first["client_id"].GetString())
        );
    }

    [TestCase("x", 1)]
    [TestCase("x", 100)]
    [TestCase("😀", 100)]
    [TestCase(" ", 1)]
    [Contract("name 1–100 characters")]
    public async Task Register_NameWithinBounds_IsAccepted(string character, int count)
    {
        (await Visitor.RegisterAsync(character.Times(count))).MustBeOk();
    }

    [TestCase("x", 0)]
    [TestCase("x", 101)]
    [TestCase("😀", 101)]
    [Contract("name 1–100 characters")]
    public async Task Register_NameOutOfBounds_IsRefused(string character, int count)
    {
        (await Visitor.RegisterAsync(character.Times(count))).MustRefuse("name");
    }

    [TestCase("""{}""")]
    [TestCase("""{"name":null}""")]
    [TestCase("""{"name":1}""")]
    [TestCase("""{"name":["x"]}""")]
    [TestCase("""{"name":"a\u0000b"}""")]
    [TestCase("""{"name":"a\nb"}""")]
    [TestCase("""{"name":"a\u007fb"}""")]
    [TestCase("""{"name":"a\u0085b"}""")]
    [TestCase("""{"name":"a\ud800b"}""")]
    [Contract("name: a string without control characters")]
    public async Task Register_NameMissingOrMalformed_IsRefused(string body)
    {
        (await Visitor.PostAsync("/register", body)).MustRefuse("name");
    }

    [Test]
    [Contract("Unknown request fields are an error")]
    public async Task Register_UnknownField_IsRefused()
    {
        var answer = await Visitor.PostAsync("/register", """{"name":"x","nmae":"y"}""");

        answer.MustRefuse("nmae");
    }
}
