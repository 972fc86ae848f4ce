using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RateLimiter.EndToEndTests.Hosting;

/// <summary>A certificate of a private authority, with an intermediate one, like a purchased certificate.</summary>
/// <param name="Chain">The certificate and the intermediate one, in PEM form.</param>
/// <param name="Key">Its private key, in PEM form.</param>
/// <param name="Root">The authority, in PEM form.</param>
public sealed record TestCertificate(string Chain, string Key, string Root)
{
    public static TestCertificate Create(string name, string? password = null)
    {
        var (now, later) = (TimeProvider.System.GetUtcNow().AddHours(-1), TimeSpan.FromDays(1));
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = Request($"Root of {name}", rootKey, isAuthority: true)
            .CreateSelfSigned(now, now + (3 * later));
        using var middle = Request($"Intermediate of {name}", middleKey, isAuthority: true)
            .Create(root, now, now + (2 * later), [1]);
        using var middleWithKey = middle.CopyWithPrivateKey(middleKey);
        using var leaf = Request(name, key, isAuthority: false)
            .Create(middleWithKey, now, now + later, [2]);
        return new TestCertificate(
            leaf.ExportCertificatePem() + "\n" + middle.ExportCertificatePem() + "\n",
            password is null
                ? key.ExportPkcs8PrivateKeyPem()
                : key.ExportEncryptedPkcs8PrivateKeyPem(
                    password,
                    new PbeParameters(
                        PbeEncryptionAlgorithm.Aes256Cbc,
                        HashAlgorithmName.SHA256,
                        iterationCount: 1000
                    )
                ),
            root.ExportCertificatePem()
        );
    }

    private static CertificateRequest Request(string name, ECDsa key, bool isAuthority)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(isAuthority, false, 0, critical: true)
        );
        return request;
    }
}
