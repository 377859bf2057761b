// Two wallets and a transfer with the client that openapi-generator makes for java.net.http.
import generated.ApiClient;
import generated.api.AdjustmentsApi;
import generated.api.TransfersApi;
import generated.api.WalletsApi;
import generated.model.AdjustmentBody;
import generated.model.OpenWalletBody;
import generated.model.TransferBody;

public final class Transfer {
    private static final String WAIT = "wait=10";

    private static Long walletOf(WalletsApi wallets, String owner) throws Exception {
        var body = new OpenWalletBody().currency("RUB").owner(owner);
        return wallets.openWallet(body, null, WAIT).getWalletId();
    }

    public static void main(String[] arguments) throws Exception {
        var client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        var authorization = "Bearer " + arguments[1];
        client.setRequestInterceptor(request -> request.header("Authorization", authorization));
        var wallets = new WalletsApi(client);
        var source = walletOf(wallets, "ann");
        var destination = walletOf(wallets, "bob");
        var credit = new AdjustmentBody().walletId(source).amount("100").currency("RUB")
            .direction(AdjustmentBody.DirectionEnum.CREDIT).reason("opening");
        new AdjustmentsApi(client).adjust(credit, null, WAIT);
        var body = new TransferBody().sourceWalletId(source).destinationWalletId(destination)
            .amount("12.30").currency("RUB");
        var moved = new TransfersApi(client).createTransfer(body, null, WAIT);
        if (!"87.70".equals(moved.getSourceBalance()) || !"12.30".equals(moved.getDestinationBalance())) {
            throw new IllegalStateException(moved.toString());
        }
        System.out.println(moved.getTransferId());
    }
}
