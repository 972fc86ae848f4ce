using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application;
using RateLimiter.Application.Registration;

namespace RateLimiter.UnitTests.Application.Registration;

public sealed class RegistrationOptionsTests
{
    [Test]
    public void Defaults_NothingConfigured_Are5In60Seconds()
    {
        var options = new RegistrationOptions();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(options.PermitLimit, Is.EqualTo(5));
            Assert.That(options.WindowSeconds, Is.EqualTo(60));
        }
    }

    [TestCase(-1, 60, nameof(RegistrationOptions.PermitLimit))]
    [TestCase(0, 60, null)]
    [TestCase(1_000_000_000, 60, null)]
    [TestCase(1_000_000_001, 60, nameof(RegistrationOptions.PermitLimit))]
    [TestCase(5, 0, nameof(RegistrationOptions.WindowSeconds))]
    [TestCase(5, 1, null)]
    [TestCase(5, 31_536_000, null)]
    [TestCase(5, 31_536_001, nameof(RegistrationOptions.WindowSeconds))]
    public void Validate_Value_NamesTheOptionThatIsOutOfBounds(
        long permits,
        int windowSeconds,
        string? wrong
    )
    {
        Assert.That(
            () => Configured(permits, windowSeconds),
            wrong is null
                ? Throws.Nothing
                : Throws
                    .TypeOf<OptionsValidationException>()
                    .With.Message.Contains($"Registration:{wrong} must be")
        );
    }

    [TestCase(null, RegistrationMode.Open)]
    [TestCase("open", RegistrationMode.Open)]
    [TestCase("token", RegistrationMode.Token)]
    [TestCase("Token", RegistrationMode.Token)]
    [TestCase("CLOSED", RegistrationMode.Closed)]
    public void Mode_AnyCase_IsRead(string? mode, RegistrationMode expected)
    {
        var token = expected == RegistrationMode.Token ? "0123456789abcdef" : null;

        Assert.That(Configured(("Mode", mode), ("Token", token)).Mode, Is.EqualTo(expected));
    }

    [TestCase("3", null, "Registration:Mode must be open, token or closed.")]
    [TestCase("token", null, "Registration:Token is missing")]
    [TestCase("token", "", "Registration:Token is missing")]
    [TestCase("token", "hunter2-hunter2", "Registration:Token must be 16 or more")]
    [TestCase("closed", "hunter2-hunter2", "Registration:Token must be 16 or more")]
    [TestCase("token", "hunter2 hunter2 hunter2", "Registration:Token must be 16 or more")]
    [TestCase("token", "hunter2-hunter2-hünter2", "Registration:Token must be 16 or more")]
    [TestCase("open", "hunter2-hunter2-hunter2", "Registration:Token is set")]
    [TestCase(null, "hunter2-hunter2-hunter2", "Registration:Token is set")]
    public void Validate_ModeAndTokenThatDoNotFit_NamesTheOptionAndNotTheToken(
        string? mode,
        string? token,
        string fault
    )
    {
        Assert.That(
            () => Configured(("Mode", mode), ("Token", token)),
            Throws
                .TypeOf<OptionsValidationException>()
                .With.Message.StartsWith(fault)
                .And.Message.Not.Contains("hunter2")
        );
    }

    private static RegistrationOptions Configured(long permits, int windowSeconds) =>
        Configured(("PermitLimit", $"{permits}"), ("WindowSeconds", $"{windowSeconds}"));

    private static RegistrationOptions Configured(params (string Name, string? Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                settings.ToDictionary(
                    setting => $"Registration:{setting.Name}",
                    setting => setting.Value
                )
            )
            .Build();
        using var services = new ServiceCollection()
            .AddApplication()
            .AddSingleton<IConfiguration>(configuration)
            .BuildServiceProvider();
        return services.GetRequiredService<IOptions<RegistrationOptions>>().Value;
    }
}
